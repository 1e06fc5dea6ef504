"""The origin of a HAR entry: what no field of a log holds, for its next export."""

from typing import Any

from monitor.content.body import field_value
from monitor.export.har_import import Imported
from monitor.export.har_values import known, number_of
from monitor.traffic.exchange import Exchange
from monitor.traffic.mask import MASK

MAX_WORD_LENGTH = 256
MAX_COOKIES = 200
COOKIE_WORDS = ("name", "value", "path", "domain", "expires", "sameSite")
COOKIE_FLAGS = ("httpOnly", "secure")
PHASES = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
ALWAYS = frozenset({"send", "wait", "receive"})
SIDES = ("request", "response")


def origin_of(
    entry: dict[str, Any], found: Imported, exchange: Exchange
) -> dict[str, Any] | None:
    """*exchange* is what was made of *entry*, masked: cookies are masked as it is."""
    made = {
        **_words(entry, ("serverIPAddress", "connection", "_service", "_source")),
        **_timings(entry),
    }
    for side in SIDES:
        message = entry.get(side)
        if isinstance(message, dict):
            about = _about(message, side, exchange)
            if about:
                made[side] = about
    gone = [
        side
        for side, body in zip(
            SIDES, (found.request_body, found.response_body), strict=True
        )
        if body.is_gone
    ]
    if gone:
        made["gone"] = gone
    return made or None


def _about(message: dict[str, Any], side: str, exchange: Exchange) -> dict[str, Any]:
    made: dict[str, Any] = _words(message, ("httpVersion", "statusText"))
    for name in ("headersSize", "bodySize"):
        if (size := known(message.get(name))) is not None:
            made[name] = size
    content = message.get("content")
    if isinstance(content, dict) and known(content.get("compression")) is not None:
        made["compression"] = number_of(content["compression"])
    cookies = message.get("cookies")
    if isinstance(cookies, list) and cookies:
        is_request = side == "request"
        headers = exchange.request_headers if is_request else exchange.response_headers
        name = "cookie" if is_request else "set-cookie"
        is_masked = MASK in (field_value(headers, name) or MASK)
        made["cookies"] = [
            _cookie(cookie, is_masked)
            for cookie in cookies[:MAX_COOKIES]
            if isinstance(cookie, dict)
        ]
    return made


def _cookie(cookie: dict[str, Any], is_masked: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": "", "value": "", **_words(cookie, COOKIE_WORDS)}
    made |= {name: True for name in COOKIE_FLAGS if cookie.get(name) is True}
    if is_masked:
        made["value"] = MASK
    return made


def _words(said: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {
        name: value[:MAX_WORD_LENGTH]
        for name in names
        if isinstance(value := said.get(name), str) and value
    }


def _timings(entry: dict[str, Any]) -> dict[str, Any]:
    """As they are given; -1 is what did not happen, of what always does 0."""
    said = entry.get("timings")
    if not isinstance(said, dict):
        return {}
    found = {name: number_of(said.get(name)) for name in PHASES}
    kept = {
        name: max(value, 0 if name in ALWAYS else -1)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if not kept:
        return {}
    nothing = {name: 0 if name in ALWAYS else -1 for name in PHASES}
    return {"timings": {**nothing, **kept}}
