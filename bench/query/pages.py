"""Every page of the product, and what its scripts ask for at once."""

import json
from typing import Any
from urllib.request import urlopen

from bench.query.questions import Question

AIM_MS = 300
TABS = ("request", "response", "messages", "replays", "raw")
RANGES = ("15m", "1h", "24h", "7d", "30d", "all")
# What a rule would have measured of each minute of a week.
RULE = {
    "name": "slow",
    "service_id": None,
    "aggregate": "p95_latency_ms",
    "window_s": 300,
    "condition_operator": ">",
    "condition_value": "800",
}


def pages(app: str, sku: str) -> list[Question]:
    """*sku* stands in few logs."""
    found = _asked(app, "/v1/logs?limit=2")["items"]
    first, second = (item["id"] for item in found)
    service = found[0]["service_id"]
    return [
        _page("/"),
        _page("/", service=service),
        *_lists(service, sku),
        *_of_logs(first, second),
        *_measures(service),
        _page("/alerts-ui"),
        _page("/alerts-ui/channels"),
        _preview(service_id=service),
        _preview(),
        _page("/status"),
        *map(_page, ("/tokens", "/exchanges", "/import", "/troubleshooting", "/docs")),
        # What the palette lists, and what may stand in a query.
        _page("/v1/views", limit="500"),
        _page("/v1/services", limit="500"),
        _page("/v1/query/fields"),
        _page("/v1/query/values", field="endpoint", limit="12"),
    ]


def _lists(service: str, sku: str) -> list[Question]:
    narrowed: tuple[dict[str, str], ...] = (
        {},
        {"range": "24h"},
        {"service_id": service},
        {"query": "status:5xx"},
        {"query": "status:5xx", "range": "7d"},
        {"query": f"body:{sku}"},
        {"query": "body:declined"},
        {"q": "zzqx-nothing"},
    )
    parts = (("the list", "1"), ("its counts", "counts"))
    asked = [_page("/dashboard", **one) for one in narrowed]
    return asked + [
        Question(
            f"{name}: {_named(one)}", "/dashboard", AIM_MS, one, {"X-Fragment": of}
        )
        for one in narrowed[:4]
        for name, of in parts
    ]


def _of_logs(first: str, second: str) -> list[Question]:
    return [
        _page(f"/log/{first}"),
        _page(f"/log/{first}", **{"from": "query=status%3A2xx"}),
        *(_page(f"/log/{first}", tab=tab) for tab in TABS),
        _page("/replay"),
        _page(f"/replay/{first}"),
        _page("/compare"),
        _page("/compare", a=first, b=second),
        _page("/compare", b=first),
    ]


def _measures(service: str) -> list[Question]:
    asked = [_page("/metrics-ui", range=one) for one in RANGES]
    asked += [_page("/metrics-ui", range=one, compare="week") for one in RANGES[1:4]]
    asked.append(_page("/metrics-ui", service_id=service, range="7d"))
    asked.append(_page("/metrics-ui/endpoints"))
    asked.append(_page("/metrics-ui/endpoints", service_id=service))
    calls = ("timeseries", "heatmap")
    return asked + [_page(f"/v1/metrics/{call}") for call in calls]


def _preview(**changed: str) -> Question:
    body = json.dumps({**RULE, **changed}).encode()
    path, headers = "/v1/alerts/preview", {"Content-Type": "application/json"}
    name = f"a rule's preview, {'a service' if changed else 'all services'}"
    return Question(name, path, AIM_MS, headers=headers, body=body)


def _page(path: str, **parameters: str) -> Question:
    kind = "call" if path.startswith("/v1/") else "page"
    said = _named(parameters) if parameters else ""
    name = "/".join(part if len(part) < 36 else "{id}" for part in path.split("/"))
    return Question(f"{kind}: {name} {said}".rstrip(), path, AIM_MS, parameters)


def _named(parameters: dict[str, str]) -> str:
    shown = (f"{n}={v if len(v) < 36 else '…'}" for n, v in parameters.items())
    return ", ".join(shown) or "all"


def _asked(app: str, target: str) -> Any:
    with urlopen(f"{app}{target}", timeout=60) as answer:
        return json.load(answer)
