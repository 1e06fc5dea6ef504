"""What may touch a disk: everything but what is sensitive."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_plus

from monitor.content import TOO_LONG, as_text, decoded, field_value
from monitor.exchange import Body, BodyState, Exchange
from monitor.fields import Fields, HeaderObject, SharedFields
from monitor.json_paths import Path, parse_path
from monitor.masking import MASK as MASK
from monitor.masking import masked_events, masked_json, redacted_messages

# Parsing is Python on the event loop: a small body may decode to a large one.
DECODE_LIMIT_BYTES: Final = 2 * 1024 * 1024
LOOKED_AT_BYTES: Final = 64
# Fields whose value is a URL, and those with URLs among other words.
URL_FIELDS: Final = frozenset(
    {
        "referer",
        "location",
        "content-location",
        "origin",
        "destination",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-uri",
    }
)
TEXT_FIELDS: Final = frozenset({"link", "refresh"})
WORD: Final = re.compile(r"[^\s<>\"']+")
USERINFO: Final = re.compile(r"(?<=://)[^/?#]*(?=@)")
# In a query, an unencoded & ends the URL that a parameter holds.
NESTED_USERINFO: Final = re.compile(r"(?<=://)[^/?#&;\s]*(?=@)")
# A name starts after a separator only: tried at each character, a long query without
# a = would take quadratic time. The ? of a URL that a parameter holds counts too.
NAME: Final = re.compile(r"(?<=[?&;#])[^=&;?#]+(?==)")
# Most servers take ; for a part of the value; it separates where a name follows.
VALUE: Final = re.compile(r"[^&;#]*(?:;(?![^=&;?#]+=)[^&;#]*)*")


class Redaction:
    """The rules for every service; *apply* takes a service's own besides."""

    def __init__(self, *, headers: Iterable[str], parameters: Iterable[str]) -> None:
        self._headers = frozenset(name.strip().lower() for name in headers)
        self._looked_at = self._headers | URL_FIELDS | TEXT_FIELDS
        self._parameters = frozenset(name.strip().lower() for name in parameters)

    def apply(self, exchange: Exchange, fields: tuple[str, ...] = ()) -> Exchange:
        """*exchange* with all that is sensitive masked; it may be the same object.

        *fields*: JSON paths ($.card.number) and further query parameters.
        """
        if not fields and _is_plain(exchange):
            return self._with_masked_headers(exchange)
        paths, names = _rules(fields)
        sensitive = self._parameters | names if names else self._parameters
        sent, received = exchange.request_headers, exchange.response_headers
        masked: dict[str, Any] = {
            "url": _url(exchange.url, sensitive),
            "path": _url(exchange.path, sensitive),
            "client_url": exchange.client_url and _url(exchange.client_url, sensitive),
            "error": exchange.error and _text(exchange.error, sensitive),
            "query_params": _parameters(exchange.query_params, sensitive),
            "request_headers": self._masked(sent, sensitive),
            "response_headers": self._masked(received, sensitive),
            "request_body": _body(exchange.request_body, sent, paths, names),
            "response_body": _body(exchange.response_body, received, paths, names),
            "messages": redacted_messages(exchange.messages, paths),
        }
        changes = {
            name: value
            for name, value in masked.items()
            if value is not getattr(exchange, name)
        }
        return replace(exchange, **changes) if changes else exchange

    def url(self, url: str) -> str:
        """*url* with userinfo and sensitive parameters masked, else byte for byte."""
        return _url(url, self._parameters)

    def _with_masked_headers(self, exchange: Exchange) -> Exchange:
        sent, received = exchange.request_headers, exchange.response_headers
        masked_sent = self._masked(sent, self._parameters)
        masked_received = self._masked(received, self._parameters)
        if masked_sent is sent and masked_received is received:
            return exchange
        return replace(
            exchange, request_headers=masked_sent, response_headers=masked_received
        )

    def _masked(
        self, headers: Fields | HeaderObject, sensitive: frozenset[str]
    ) -> Fields | HeaderObject:
        if not isinstance(headers, SharedFields):
            return self._masked_anew(headers, sensitive)
        known = headers.masked
        if known is None or known[0] is not self or known[1] is not sensitive:
            masked = self._masked_anew(headers, sensitive)
            if isinstance(masked, tuple) and masked is not headers:
                masked = SharedFields(masked)
            known = headers.masked = (self, sensitive, masked)
        return known[2]

    def _masked_anew(
        self, headers: Fields | HeaderObject, sensitive: frozenset[str]
    ) -> Fields | HeaderObject:
        pairs = tuple(headers.items()) if isinstance(headers, dict) else headers
        names = [name.strip().lower() for name, _ in pairs]
        looked_at = self._looked_at
        if looked_at.isdisjoint(names):
            return headers
        masked = [
            (pair[0], self._value(name, pair[1], sensitive))
            if name in looked_at
            else pair
            for name, pair in zip(names, pairs, strict=True)
        ]
        if masked == list(pairs):
            return headers
        return dict(masked) if isinstance(headers, dict) else tuple(masked)

    def _value(self, name: str, value: Any, sensitive: frozenset[str]) -> Any:
        if name in self._headers:
            return _each(value, _mask_all)
        if name in URL_FIELDS:
            return _each(value, lambda item: _reference(item, sensitive))
        if name in TEXT_FIELDS:
            return _each(value, lambda item: _text(item, sensitive))
        return value


def valid_field(rule: str) -> str | None:
    """Why *rule* is no field to redact; None if it is one."""
    if not rule.strip():
        return "is empty"
    if not rule.startswith("$"):
        return "is no name of a parameter" if re.search("[=&;?#]", rule) else None
    try:
        return None if parse_path(rule) else "names the whole body"
    except ValueError as error:
        return str(error)


@lru_cache(maxsize=4096)
def _rules(fields: tuple[str, ...]) -> tuple[tuple[Path, ...], frozenset[str]]:
    paths = tuple(_path_or_all(rule) for rule in fields if rule.startswith("$"))
    names = (rule.strip().lower() for rule in fields if not rule.startswith("$"))
    return paths, frozenset(names)


def _path_or_all(rule: str) -> Path:
    """A rule that was stored and is no path masks the whole body: it fails closed."""
    try:
        return parse_path(rule)
    except ValueError:
        return ()


def _is_plain(exchange: Exchange) -> bool:
    """Whether nothing but its headers can hold what is sensitive by name or form."""
    client_url = exchange.client_url or ""
    return not (
        exchange.query_params
        or exchange.error
        or exchange.messages
        or "=" in client_url
        or "@" in client_url
        or "=" in exchange.url
        or "@" in exchange.url
        or "=" in exchange.path
        or "@" in exchange.path
    )


def _url(url: str, sensitive: frozenset[str]) -> str:
    if "@" not in url and "=" not in url:
        return url
    cut = re.search(r"[?#]", url)
    start = cut.start() if cut else len(url)
    head, tail = url[:start], url[start:]
    masked = USERINFO.sub(MASK, head) + _query(tail, sensitive)
    return url if masked == url else masked


def _query(query: str, sensitive: frozenset[str]) -> str:
    pieces, kept = list[str](), 0
    for found in NAME.finditer(query):
        if found.start() < kept or not _is_sensitive(found[0], sensitive):
            continue
        begin = found.end() + 1
        value = VALUE.match(query, begin)
        pieces += (NESTED_USERINFO.sub(MASK, query[kept:begin]), MASK)
        kept = value.end() if value else len(query)
    return "".join(pieces) + NESTED_USERINFO.sub(MASK, query[kept:])


def _reference(value: Any, sensitive: frozenset[str]) -> Any:
    """A URL, or one relative to a scheme (RFC 3986 4.2)."""
    if not isinstance(value, str):
        return value
    if value.startswith("//"):
        return _url(f"x:{value}", sensitive)[2:]
    return _url(value, sensitive)


def _text(text: Any, sensitive: frozenset[str]) -> Any:
    """URLs among other words."""
    if not isinstance(text, str) or ("@" not in text and "=" not in text):
        return text
    return WORD.sub(lambda word: _url(word[0], sensitive), text)


def _is_sensitive(name: str, sensitive: frozenset[str]) -> bool:
    """`user[password]`, `token[]` and percent-encoded spellings count."""
    plain = unquote_plus(name).strip().lower()
    if plain in sensitive:
        return True
    return "[" in plain and any(
        part.strip() in sensitive for part in plain.replace("]", "").split("[")
    )


def _parameters(params: dict[str, Any], sensitive: frozenset[str]) -> dict[str, Any]:
    if not params:
        return params
    return {
        name: _each(value, _mask_all)
        if _is_sensitive(name, sensitive)
        else _each(value, lambda item: _parameter(item, sensitive))
        for name, value in params.items()
    }


def _parameter(value: Any, sensitive: frozenset[str]) -> Any:
    """What a parser that splits at & alone leaves in a value: ;token=… and URLs."""
    if not isinstance(value, str) or ("@" not in value and "=" not in value):
        return value
    return _query(value, sensitive)


def _mask_all(_: Any) -> str:
    return MASK


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    return (
        [change(item) for item in value] if isinstance(value, list) else change(value)
    )


def _body(
    body: Body | None,
    headers: Fields | HeaderObject,
    paths: tuple[Path, ...],
    names: frozenset[str],
) -> Body | None:
    if body is None or not body.size or not (paths or names):
        return body
    content_type = (field_value(headers, "content-type") or "").lower()
    # Ingested bodies are strings: whatever their header says, they are decoded.
    coding = None
    if not isinstance(headers, dict):
        coding = field_value(headers, "content-encoding")
    if names and "x-www-form-urlencoded" in content_type:
        return _rewritten(body, coding, lambda text: _masked_form(text, names))
    if paths and content_type.startswith("text/event-stream"):
        return _rewritten(body, coding, lambda text: masked_events(text, paths))
    if paths and _is_json(content_type, body, coding):
        return _rewritten(body, coding, lambda text: masked_json(text, paths))
    return body


def _is_json(content_type: str, body: Body, coding: str | None) -> bool:
    """Declared so; or not declared, or as mere text, and looking like it."""
    if content_type and not content_type.startswith("text/plain"):
        return "json" in content_type
    plain = decoded(body.kept, coding, limit=LOOKED_AT_BYTES)
    # What cannot be looked at may be JSON.
    is_hidden = coding is not None and plain.problem not in (None, TOO_LONG)
    begin = plain.content.lstrip(b" \t\r\n\0\x1e\xef\xbb\xbf\xfe\xff")[:1]
    return is_hidden or begin in (b"", b"{", b"[")


def _rewritten(body: Body, coding: str | None, change: Callable[[str], str]) -> Body:
    """Decoded, changed; nothing is kept of what cannot be read whole."""
    limit = max(DECODE_LIMIT_BYTES, len(body.kept))
    content = decoded(body.kept, coding, limit=limit, truncated=body.truncated)
    text = as_text(content.content) if content.complete else None
    if text is None:
        return replace(body, kept=b"", state=BodyState.WITHHELD)
    try:
        kept = change(text).encode()
    except (ValueError, RecursionError):
        return replace(body, kept=b"", state=BodyState.WITHHELD)
    return replace(body, kept=kept, state=BodyState.REDACTED)


def _masked_form(text: str, names: frozenset[str]) -> str:
    """Only & separates in a form: a # or ; is part of the value."""
    pairs = [pair.partition("=") for pair in text.split("&")]
    return "&".join(
        f"{name}{sign}{MASK if sign and _is_sensitive(name, names) else value}"
        for name, sign, value in pairs
    )
