"""What was pushed and is stored, written out as the answer to it: as most are.

It is what `GET /v1/logs/{id}` would show; two thirds of its time are spared by what is
known of a push.
"""

from typing import Any, Final

from api.output.stored import Pushed
from monitor import times
from monitor.content.charsets import text_of
from monitor.json.output import json_bytes
from monitor.logs.display import pairs
from monitor.logs.hints import FORBIDDEN, REDIRECTS
from monitor.traffic.exchange import Body, BodyState

# Long ones are not written out on the loop that serves.
MOST_BYTES: Final = 16 * 1024
SHOWN: Final = (BodyState.KEPT, BodyState.REDACTED)
# These may have hints.
LOOKED_AT: Final = REDIRECTS | {FORBIDDEN}


def pushed_json(stored: Pushed) -> bytes | None:
    """None for what is not as most are."""
    pushed = stored.exchange
    sent, received = pushed.request_headers, pushed.response_headers
    asked, answered = pushed.request_body, pushed.response_body
    if not (_is_usual(asked) and _is_usual(answered)):
        return None
    if not (isinstance(sent, dict) and isinstance(received, dict)):
        return None
    if pushed.status_code in LOOKED_AT:
        return None
    texts = _text(asked), _text(answered)
    if (asked and texts[0] is None) or (answered and texts[1] is None):
        # No text: it is shown in another coding.
        return None
    return json_bytes(
        {
            "id": pushed.id,
            "service_id": pushed.service_id,
            "service_name": stored.service_name,
            "source": pushed.source,
            "timestamp": times.format(pushed.started_at),
            "method": pushed.method,
            "url": pushed.url,
            "path": pushed.path,
            "query_params": pushed.query_params,
            "status_code": pushed.status_code,
            "latency_ms": pushed.latency_ms,
            "error": pushed.error,
            "source_ip": pushed.source_ip,
            "tags": pushed.tags,
            **NO_SIZES,
            "client_url": None,
            "duration_ms": None,
            "timings": {**NO_TIMES, "total_ms": pushed.latency_ms},
            **NOTHING_BESIDE,
            "request_headers": sent,
            "request_headers_raw": pairs(sent),
            "request_body": texts[0],
            **SENT,
            "response_headers": received,
            "response_headers_raw": pairs(received),
            "response_body": texts[1],
            **RECEIVED,
        }
    )


def _is_usual(body: Body | None) -> bool:
    if body is None:
        return True
    is_whole = body.state in SHOWN and not body.truncated
    return is_whole and len(body.kept) <= MOST_BYTES


def _text(body: Body | None) -> str | None:
    return None if body is None else text_of(body.kept, None, truncated=False)


def _plainly(side: str) -> dict[str, Any]:
    """What is said of a body beside its text."""
    return {
        f"{side}_body_encoding": "utf-8",
        f"{side}_body_truncated": False,
        f"{side}_body_withheld": False,
        f"{side}_body_withheld_for": None,
        f"{side}_body_shed": False,
        f"{side}_body_problem": None,
        f"{side}_body_gone": False,
    }


SENT: Final = _plainly("request")
RECEIVED: Final = _plainly("response")
NO_SIZES: Final = {"request_size": None, "response_size": None, "pinned": False}
NO_TIMES: Final = {
    "connect_ms": None,
    "tls_ms": None,
    "ttfb_ms": None,
    "total_ms": None,
    "overhead_ms": None,
}
NOTHING_BESIDE: Final[dict[str, Any]] = {
    "message_count": None,
    "event_count": None,
    "messages_problem": None,
    "replay_of": None,
    "note": None,
    "hints": [],
}
