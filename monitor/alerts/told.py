"""Messages about an event, as each kind of channel takes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from monitor import times
from monitor.alerts import links as alert_links
from monitor.alerts.channel import webhook_body
from monitor.alerts.kinds import ChannelKind
from monitor.alerts.receivers import Told, message, with_urls
from monitor.alerts.rule import Alert, AlertEvent

# Of a path and of an error, which may be as long as a head.
LONGEST_TOLD, LONGEST_IN_SLACK = 1_000, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLog:
    """What is told of the log behind an event: as it is stored, masked."""

    id: UUID
    method: str
    path: str
    status_code: int | None
    latency_ms: float | None
    error: str | None


def event_body(
    kind: ChannelKind,
    alert: Alert,
    events: Sequence[AlertEvent],
    *,
    service: str | None,
    log: ToldLog | None,
) -> str:
    """The body for the newest of *events* of a rule; see *addressed* for its links.

    *service* is None where they are of all.
    """
    links = alert_links.paths(alert, events)
    event = events[-1]
    if kind is not ChannelKind.WEBHOOK:
        whose = service or "all services"
        text = _text(alert, events, service=whose, log=log)
        about = Told(
            state=event.state,
            incident=str(alert.id),
            source=whose,
            at=times.format(event.fired_at),
        )
        return json.dumps({**message(kind, text, about), "links": links})
    data = {
        "alert": {"id": str(alert.id), "name": alert.name},
        "service": service and {"id": str(event.service_id), "name": service},
        "event": {
            "id": str(event.id),
            "state": event.state.value,
            "message": event.message,
            "log_id": None if event.log_id is None else str(event.log_id),
            "fired_at": times.format(event.fired_at),
        },
        "events": len(events),
        "log": None if log is None else _shown(log),
        "links": links,
    }
    return webhook_body(f"alert.{event.state}", event.fired_at, data)


def addressed(body: str, public_url: str | None) -> str:
    """*body* as it is sent: its links lead to *public_url*, or nowhere without one."""
    content = json.loads(body)
    holder = content.get("data", content)
    if "links" not in holder:
        return body
    urls = {
        name: f"{public_url}{path}" if public_url and path else None
        for name, path in holder.pop("links").items()
    }
    if "data" in content:
        holder["links"] = urls
    else:
        content = with_urls(content, {name: url for name, url in urls.items() if url})
    return json.dumps(content, separators=(",", ":"))


def _text(
    alert: Alert, events: Sequence[AlertEvent], *, service: str, log: ToldLog | None
) -> str:
    event = events[-1]
    also = f" (and {len(events) - 1} more)" if len(events) > 1 else ""
    lines = [
        f"{event.state.upper()} {alert.name}, {service}",
        f"{event.message}{also}",
    ]
    if log is not None:
        lines.append(_sentence(log))
    return "\n".join(lines)


def _sentence(log: ToldLog) -> str:
    """`GET /charge: 503 after 12.5 ms, upstream_reset: …`"""
    path = _cut(log.path, LONGEST_IN_SLACK)
    status = "no answer" if log.status_code is None else str(log.status_code)
    after = "" if log.latency_ms is None else f" after {log.latency_ms:.6g} ms"
    error = "" if log.error is None else f", {_cut(log.error, LONGEST_IN_SLACK)}"
    return f"{log.method} {path}: {status}{after}{error}"


def _shown(log: ToldLog) -> dict[str, Any]:
    return {
        "id": str(log.id),
        "method": log.method,
        "path": _cut(log.path, LONGEST_TOLD),
        "status_code": log.status_code,
        "latency_ms": log.latency_ms,
        "error": None if log.error is None else _cut(log.error, LONGEST_TOLD),
    }


def _cut(text: str, longest: int) -> str:
    """On one line."""
    line = " ".join(text[: longest + 1].split())
    return line if len(text) <= longest else f"{line[:longest]}…"
