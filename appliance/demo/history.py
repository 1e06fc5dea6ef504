"""The demo's last days, as they were pushed: a deploy that made it slower, an outage.

What is made up is the same each time, but for its time.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

DAY = timedelta(days=1)
# The last day; that before, and that of a week ago, to compare it with.
TODAY: Final = timedelta()
EARLIER: Final = (DAY, timedelta(days=7))
# So long ago, and so much slower from then on.
DEPLOY_AGO: Final = timedelta(hours=3)
SLOWER: Final = 3.5
# So long ago, for so long, so many of a hundred fail.
OUTAGE_AGO: Final = timedelta(hours=8)
OUTAGE: Final = timedelta(minutes=40)
FAILING: Final = 70
# How far latencies scatter, and how much less there is at night.
SIGMA: Final = 0.5
SWING: Final = 0.6
PEAK_HOUR: Final = 15


@dataclass(frozen=True, slots=True)
class Endpoint:
    """*share*: of its service's requests; *latency_ms* is the median; *path* may have
    {id} in it. *failing* of a thousand fail on any day.
    """

    method: str
    path: str
    share: int
    latency_ms: float
    failing: int = 4
    status: int = 200
    gets_slower: bool = False
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """*requests*: of the day."""

    name: str
    description: str
    requests: int
    endpoints: tuple[Endpoint, ...]


SERVICES: Final = (
    Service(
        "demo catalog",
        "Products, reviews and search",
        2_600,
        (
            Endpoint("GET", "/products", 30, 38),
            Endpoint("GET", "/products/{id}", 45, 12),
            Endpoint("GET", "/products/{id}/reviews", 15, 60, gets_slower=True),
            Endpoint("GET", "/search", 10, 120, failing=9),
        ),
    ),
    Service(
        "demo payments",
        "Charges and refunds",
        1_500,
        (
            Endpoint("POST", "/charges", 55, 180, status=201, breaks=True),
            Endpoint("GET", "/charges/{id}", 40, 15),
            Endpoint("POST", "/refunds", 5, 240, failing=20, status=201),
        ),
    ),
    Service(
        "demo accounts",
        "Sign-in and profiles",
        1_500,
        (
            Endpoint("POST", "/sessions", 35, 90, failing=12, status=201),
            Endpoint("GET", "/accounts/{id}", 55, 14),
            Endpoint("PATCH", "/accounts/{id}", 10, 40),
        ),
    ),
)


def lines(
    service: Service, now: datetime, random: Random, ago: timedelta = TODAY
) -> Iterator[bytes]:
    """Logs for `POST /v1/logs/batch`, a line each: of the day that ended *ago*."""
    weights = [endpoint.share for endpoint in service.endpoints]
    for moment in moments(service.requests, now - ago, random):
        endpoint = random.choices(service.endpoints, weights)[0]
        log = _log(service, endpoint, moment, now, random)
        yield json.dumps(log, separators=(",", ":")).encode() + b"\n"


def moments(count: int, end: datetime, random: Random) -> list[datetime]:
    """Of the day before *end*, the oldest first; more by day than by night."""
    found: list[datetime] = []
    while len(found) < count:
        moment = end - DAY * random.random()
        swing = math.cos((moment.hour - PEAK_HOUR) / 24 * 2 * math.pi)
        if random.random() < (1 + SWING * swing) / (1 + SWING):
            found.append(moment)
    return sorted(found)


def _log(
    service: Service,
    endpoint: Endpoint,
    moment: datetime,
    now: datetime,
    random: Random,
) -> dict[str, Any]:
    ago = now - moment
    is_out = endpoint.breaks and OUTAGE_AGO - OUTAGE < ago <= OUTAGE_AGO
    latency_ms = endpoint.latency_ms * random.lognormvariate(0, SIGMA)
    if endpoint.gets_slower and ago <= DEPLOY_AGO:
        latency_ms *= SLOWER
    status = endpoint.status
    if is_out and random.randrange(100) < FAILING:
        status, latency_ms = 503, 2_000 + 40 * random.random()
    elif random.randrange(1_000) < endpoint.failing:
        status = random.choice((400, 404, 429, 500))
    path = endpoint.path.replace("{id}", str(random.randint(1, 400)))
    host = service.name.removeprefix("demo ")
    return {
        "timestamp": moment.astimezone(UTC).isoformat(timespec="milliseconds"),
        "method": endpoint.method,
        "url": f"https://{host}.shop.example{path}",
        "path": path,
        "status_code": status,
        "latency_ms": round(latency_ms, 2),
        "request_headers": {"Accept": "application/json", "User-Agent": "shop-web/7.1"},
        "response_headers": {"Content-Type": "application/json"},
        "response_body": _answer(status, path),
        "tags": ["history"],
    }


def _answer(status: int, path: str) -> str:
    if status < 400:
        return json.dumps({"path": path, "ok": True})
    reason = "connection pool exhausted" if status == 503 else "it is only a demo"
    return json.dumps({"error": {"code": status, "message": reason}})
