"""Logs as an application pushes them: 12 fields, about 1 KB of JSON, each another."""

import json
from functools import cache
from random import Random
from typing import Any

from bench.corpus.contents import compact, uuid, words
from bench.corpus.corpus import SEED
from bench.corpus.people import token, users

# What a service might add to the names that are masked by default.
FIELD_RULES = ["$.card.number", "$.items[*].pin", "$..iban", "birthday"]
Log = dict[str, Any]


@cache
def logs(count: int, seed: int = SEED) -> tuple[Log, ...]:
    random = Random(seed)
    bearers = [user.bearer[-90:] for user in users(random)]
    return tuple(_log(random, random.choice(bearers)) for _ in range(count))


def lines(pushed: tuple[Log, ...]) -> bytes:
    """A batch as NDJSON."""
    return b"\n".join(compact(log) for log in pushed)


def archive(pushed: tuple[Log, ...]) -> bytes:
    """The same as a HAR."""
    creator = {"name": "bench", "version": "1"}
    entries = [_entry(log) for log in pushed]
    return compact({"log": {"version": "1.2", "creator": creator, "entries": entries}})


def _log(random: Random, bearer: str) -> Log:
    path = f"/v1/{random.choice(('charges', 'refunds', 'payouts'))}/{uuid(random)}"
    query = {"expand": "customer", "page": str(random.randrange(90))}
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    card = {"number": f"{random.randrange(10**15, 10**16)}", "exp": "11/29"}
    request = {"amount": random.randrange(100, 10**6), "card": card}
    answer = {"id": uuid(random), "state": "paid", "note": words(random, 26)}
    return {
        "method": random.choice(("GET", "POST")),
        "url": f"https://payments.internal{path}?{asked}",
        "path": path,
        "status_code": random.choice((200, 200, 200, 201, 404, 500)),
        "latency_ms": round(random.random() * 300, 3),
        "query_params": query,
        "request_headers": {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {bearer}",
            "X-Request-Id": token(random, 22),
        },
        "request_body": json.dumps(request),
        "response_headers": {
            "Content-Type": "application/json",
            "X-Trace-Id": token(random, 32),
        },
        "response_body": json.dumps(answer),
        "source_ip": f"10.0.{random.randrange(256)}.{random.randrange(256)}",
        "tags": ["eu", random.choice(("canary", "stable"))],
    }


def _entry(log: Log) -> dict[str, Any]:
    at = f"2026-11-27T10:00:{log['latency_ms'] % 60:06.3f}Z"
    return {
        "startedDateTime": at,
        "time": log["latency_ms"],
        "request": {
            "method": log["method"],
            "url": log["url"],
            "httpVersion": "HTTP/1.1",
            "headers": _pairs(log["request_headers"]),
            "queryString": _pairs(log["query_params"]),
            "cookies": [],
            "headersSize": -1,
            "bodySize": len(log["request_body"]),
            "postData": {"mimeType": "application/json", "text": log["request_body"]},
        },
        "response": {
            "status": log["status_code"],
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": _pairs(log["response_headers"]),
            "cookies": [],
            "content": {
                "size": len(log["response_body"]),
                "mimeType": "application/json",
                "text": log["response_body"],
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(log["response_body"]),
        },
        "cache": {},
        "timings": {"send": 0, "wait": log["latency_ms"], "receive": 0},
        "serverIPAddress": log["source_ip"],
    }


def _pairs(fields: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in fields.items()]
