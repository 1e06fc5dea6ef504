"""Logs and filters at random, and which of them match."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from monitor.logs.filter import LogFilter
from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds

IDS = LogIds()

WORDS = [
    "alpha",
    "Beta",
    "100%",
    "under_score",
    "back\\slash",
    "ünï",
    "o'hara",
    "",
    "7",
    "8",
]


def random_exchange(chance: random.Random, service_id: UUID) -> Exchange:
    word = chance.choice(WORDS)
    body = chance.choice(WORDS).encode()
    return Exchange(
        id=IDS.new(),
        service_id=service_id,
        source=chance.choice(list(Source)),
        method=chance.choice(["GET", "POST"]),
        url=f"http://x/{word}",
        path=f"/{word}",
        status_code=chance.choice([None, 200, 204, 404, 500, 503]),
        latency_ms=chance.choice([None, 1.0, 50.0, 100.0, 1000.5]),
        error=chance.choice([None, None, "client_disconnect: gone", "Alpha broke"]),
        tags=tuple(chance.sample(["a", "b", "c"], chance.randint(0, 2))),
        response_body=Body(kept=body, size=len(body)) if body else None,
    )


def random_filter(chance: random.Random, rows: list[Exchange]) -> LogFilter:
    options: dict[str, Any] = {
        "method": chance.choice(["get", "POST"]),
        "path": chance.choice(WORDS) or None,
        "status_code": chance.choice([200, 500]),
        "status_class": chance.choice([2, 5]),
        "has_status": chance.choice([True, False]),
        "endpoint": chance.choice(["/{id}", "/alpha", "/100%", "/7"]),
        "min_latency_ms": chance.choice([0.0, 50.0]),
        "max_latency_ms": chance.choice([50.0, 2000.0]),
        "has_error": chance.choice([True, False]),
        "is_error": chance.choice([True, False]),
        "tag": chance.choice(["a", "z"]),
        "source": chance.choice(list(Source)),
        "is_replay": chance.choice([True, False]),
        "since": rows[len(rows) // 3].started_at,
        "until": rows[-1].started_at + timedelta(milliseconds=chance.choice([0, 1])),
        "q": chance.choice(["ALPHA", "%", "_", "\\", "ünï", "ÜNÏ", "O'H", "broke"]),
    }
    chosen = chance.sample(sorted(options), chance.randint(0, 3))
    return LogFilter(**{name: options[name] for name in chosen})


def matches(row: Exchange, asked: LogFilter) -> bool:
    body = row.response_body.kept.decode() if row.response_body else ""
    is_error = (row.status_code or 0) >= 500 or (
        row.error is not None and not row.error.startswith("client_disconnect")
    )
    searched = [row.path.lower(), body.lower(), (row.error or "").lower()]
    searched += [tag.lower() for tag in row.tags]
    checks = [
        asked.method is None or row.method == asked.method.upper(),
        asked.path is None or asked.path in row.path,
        asked.status_code is None or row.status_code == asked.status_code,
        asked.status_class is None
        or (row.status_code or 0) // 100 == asked.status_class,
        asked.has_status is None or (row.status_code is not None) == asked.has_status,
        asked.endpoint is None or endpoint_of(row.path) == asked.endpoint,
        asked.is_replay is None or (row.source == Source.REPLAY) == asked.is_replay,
        asked.min_latency_ms is None
        or (row.latency_ms is not None and row.latency_ms >= asked.min_latency_ms),
        asked.max_latency_ms is None
        or (row.latency_ms is not None and row.latency_ms <= asked.max_latency_ms),
        asked.has_error is None or (row.error is not None) == asked.has_error,
        asked.is_error is None or is_error == asked.is_error,
        asked.tag is None or asked.tag in row.tags,
        asked.source is None or row.source == asked.source,
        asked.since is None or row.started_at >= asked.since,
        asked.until is None or row.started_at < asked.until,
        asked.q is None or any(asked.q.lower() in text for text in searched),
    ]
    return all(checks)
