"""The services that are made up: their endpoints, and what these are asked and answer.

A log is varied by what stands in it as one of SLOTS: ids, traces, numbers.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

# What stands in a template for what differs in each log, by its kind.
ID: Final = "10910910-9109-4109-8109-109109109109"
TRACE: Final = "7ace7ace7ace7ace7ace7ace7ace7ace"
NUMBER: Final = "73109570"
SKU: Final = "SKU-990066"

Fields = tuple[tuple[str, str], ...]
NAMES: Final = (
    *("payments", "orders", "catalog", "accounts"),
    *("search", "media", "billing", "notify"),
)
WORDS: Final = (
    *("alpine", "basket", "canvas", "denim", "ember", "fabric", "garden", "harbor"),
    *("indigo", "jacket", "kettle", "linen", "marble", "nectar", "olive", "pepper"),
    *("quartz", "ribbon", "saddle", "timber", "umber", "velvet", "walnut", "yarrow"),
)
CLIENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Go-http-client/2.0",
    "axios/1.7.9",
)
ERRORS: Final = {
    400: ("invalid", "amount must be a whole number of cents"),
    401: ("unauthorized", "the token has expired"),
    404: ("not_found", "there is no such resource"),
    409: ("conflict", "it was changed meanwhile"),
    429: ("rate_limited", "too many requests: try again in a second"),
    500: ("internal", "something went wrong on our side"),
    502: ("upstream", "card declined: issuer unavailable"),
    503: ("overloaded", "connection pool exhausted after 2000 ms"),
}
REASONS: Final = ("issuer", "risk", "limit", "expired", "fraud", "format")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """*share*: of its service's requests, beside those of the others.

    *latency_ms* is the median; *failing* of a thousand fail.
    """

    method: str
    path: str
    share: int
    latency_ms: float
    failing: int
    query: str = ""
    status: int = 200


ENDPOINTS: Final = (
    Endpoint("GET", "/v1/{name}", 30, 38.0, 8, "page=3&per_page=50&sort=-created_at"),
    Endpoint("GET", f"/v1/{{name}}/{ID}", 34, 12.0, 25, "expand=lines,customer"),
    Endpoint("POST", "/v1/{name}", 10, 95.0, 30, status=201),
    Endpoint("PATCH", f"/v1/{{name}}/{ID}", 4, 60.0, 20),
    Endpoint("DELETE", f"/v1/{{name}}/{ID}", 1, 25.0, 40, status=204),
    Endpoint("GET", f"/v1/{{name}}/{NUMBER}/history", 5, 140.0, 10, "limit=100"),
    Endpoint("GET", "/v1/{name}/search", 8, 210.0, 15, f"q={SKU}&limit=24"),
    Endpoint("POST", f"/v1/{{name}}/{ID}/confirm", 3, 320.0, 60, status=202),
    Endpoint("GET", "/healthz", 4, 1.2, 1),
    Endpoint("GET", f"/v1/{{name}}/{ID}/events", 1, 900.0, 35),
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """One kind of log, with slots in it; *weight*: how often, beside the others."""

    weight: float
    latency_ms: float
    method: str
    target: str
    status: int
    sent: Fields
    received: Fields
    asked: bytes
    answered: bytes


def service_names(count: int) -> list[str]:
    """The first are plain; behind these each has a number."""
    return [
        NAMES[n] if n < len(NAMES) else f"{NAMES[n % len(NAMES)]} {n // len(NAMES) + 1}"
        for n in range(count)
    ]


def sketches(name: str, random: Random, *, variants: int) -> Iterator[Sketch]:
    """All kinds of logs of the service *name*, *variants* of each."""
    plain = name.replace(" ", "-")
    for endpoint in ENDPOINTS:
        for status, share in _statuses(endpoint).items():
            for _ in range(variants):
                weight = endpoint.share * share / variants
                yield _sketch(endpoint, plain, status, weight, random)


def _statuses(endpoint: Endpoint) -> Mapping[int, float]:
    failing = endpoint.failing / 1000
    each = failing / len(ERRORS)
    return {endpoint.status: 1 - failing, **dict.fromkeys(ERRORS, each)}


def _sketch(
    endpoint: Endpoint, name: str, status: int, weight: float, random: Random
) -> Sketch:
    query = f"?{endpoint.query}" if endpoint.query else ""
    asked = b""
    if endpoint.method in ("POST", "PATCH"):
        asked = _json(_thing(random, lines=random.randrange(1, 3)))
    return Sketch(
        weight=weight,
        # Who is refused is answered sooner, who fails later.
        latency_ms=endpoint.latency_ms * (0.4 if 400 <= status < 500 else 1.0),
        method=endpoint.method,
        target=endpoint.path.replace("{name}", name) + query,
        status=status,
        sent=_sent(random, bool(asked)),
        received=_received(status),
        asked=asked,
        answered=_answer(endpoint, status, random),
    )


def _sent(random: Random, has_body: bool) -> Fields:
    fields = [
        ("Host", "api.shop.example"),
        ("User-Agent", random.choice(CLIENTS)),
        ("Accept", "application/json"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Authorization", "[REDACTED]"),
        ("X-Tenant", random.choice(("acme", "globex", "initech", "umbrella"))),
        ("X-Request-Id", ID),
        ("traceparent", f"00-{TRACE}-{TRACE[:16]}-01"),
    ]
    if has_body:
        fields.append(("Content-Type", "application/json"))
    return tuple(fields)


def _received(status: int) -> Fields:
    return (
        ("Server", "nginx"),
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept-Encoding, Authorization"),
        ("X-Request-Id", ID),
        *((("Retry-After", "1"),) if status in (429, 503) else ()),
    )


def _answer(endpoint: Endpoint, status: int, random: Random) -> bytes:
    if status in ERRORS:
        code, message = ERRORS[status]
        reason = random.choice(REASONS)
        error = {"code": code, "message": message, "reason": reason, "request": ID}
        return _json({"error": error})
    if status == 204:
        return b""
    if endpoint.path == "/healthz":
        return b'{"status":"ok"}'
    return _json(_thing(random, lines=random.randrange(1, 5)))


def _thing(random: Random, *, lines: int) -> dict[str, Any]:
    return {
        "id": ID,
        "number": int(NUMBER),
        "status": random.choice(("pending", "paid", "shipped", "returned")),
        "total": {"amount": random.randrange(100, 10**6), "currency": "EUR"},
        "note": " ".join(random.choices(WORDS, k=6)),
        "lines": [
            {
                "sku": SKU if n == 0 else f"SKU-{random.randrange(10**6):06}",
                "name": " ".join(random.choices(WORDS, k=3)),
                "quantity": random.randrange(1, 9),
            }
            for n in range(lines)
        ],
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
