"""What may touch a disk: everything but what is sensitive."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from monitor.content import as_text, decoded, dump_json, field_value, load_json
from monitor.exchange import Body, BodyState, Exchange, Fields, HeaderObject

MASK = "***MASKED***"
DECODE_LIMIT_BYTES = 8 * 1024 * 1024
# Fields whose values are URLs, and carry what URLs carry.
URL_FIELDS = frozenset({"referer", "location", "content-location", "origin", "link"})
USERINFO = re.compile(r"(?<=://)[^/?#@\s]*(?:@[^/?#@\s]*)*(?=@)")
PARAMETER = re.compile(r"([^=&;?#]+)=([^&;#]*)")
STEP = re.compile(
    r"\.\.(?P<deep>[^.\[\]*]+)"
    r"|\.(?P<name>[^.\[\]*]+)"
    r"|(?P<any>\[\*\]|\.\*)"
    r"|\[(?P<index>\d+)\]"
    r"|\[(?P<quote>['\"])(?P<quoted>.+?)(?P=quote)\]"
)

Path = tuple[tuple[str, str | int], ...]


class Redaction:
    """The rules for every service; *apply* takes a service's own besides."""

    def __init__(self, *, headers: Iterable[str], parameters: Iterable[str]) -> None:
        self._headers = frozenset(name.lower() for name in headers)
        self._parameters = frozenset(name.lower() for name in parameters)

    def apply(self, exchange: Exchange, fields: tuple[str, ...] = ()) -> Exchange:
        """*exchange* with all that is sensitive masked; it may be the same object.

        *fields*: JSON paths ($.card.number) and further query parameters.
        """
        paths, names = _rules(fields)
        sensitive = self._parameters | names if names else self._parameters
        return replace(
            exchange,
            url=_url(exchange.url, sensitive),
            path=_url(exchange.path, sensitive),
            client_url=exchange.client_url and _url(exchange.client_url, sensitive),
            error=exchange.error and USERINFO.sub(MASK, exchange.error),
            query_params=_parameters(exchange.query_params, sensitive),
            request_headers=self._masked(exchange.request_headers, sensitive),
            response_headers=self._masked(exchange.response_headers, sensitive),
            request_body=_body(
                exchange.request_body, exchange.request_headers, paths, names
            ),
            response_body=_body(
                exchange.response_body, exchange.response_headers, paths, names
            ),
        )

    def url(self, url: str) -> str:
        """*url* with userinfo and sensitive parameters masked, else byte for byte."""
        return _url(url, self._parameters)

    def _masked(
        self, headers: Fields | HeaderObject, sensitive: frozenset[str]
    ) -> Fields | HeaderObject:
        if isinstance(headers, dict):
            return {
                name: self._value(name.lower(), value, sensitive)
                for name, value in headers.items()
            }
        return tuple(
            (name, self._value(name.lower(), value, sensitive))
            for name, value in headers
        )

    def _value(self, name: str, value: Any, sensitive: frozenset[str]) -> Any:
        if name.strip() in self._headers:
            return [MASK] * len(value) if isinstance(value, list) else MASK
        if name in URL_FIELDS:
            return _each(value, lambda text: _url(text, sensitive))
        return value


def valid_field(rule: str) -> str | None:
    """Why *rule* is no field to redact; None if it is one."""
    if not rule.strip():
        return "is empty"
    if not rule.startswith("$"):
        return None
    try:
        return None if _path(rule) else "names the whole body"
    except ValueError as error:
        return str(error)


@lru_cache(maxsize=4096)
def _rules(fields: tuple[str, ...]) -> tuple[tuple[Path, ...], frozenset[str]]:
    paths = tuple(_path(rule) for rule in fields if rule.startswith("$"))
    names = frozenset(rule.lower() for rule in fields if not rule.startswith("$"))
    return paths, names


def _path(rule: str) -> Path:
    steps: list[tuple[str, str | int]] = []
    position = 1
    while position < len(rule):
        found = STEP.match(rule, position)
        if found is None:
            raise ValueError(f"is no JSON path at {rule[position:]!r}")
        steps.append(_step(found))
        position = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> tuple[str, str | int]:
    if found["deep"]:
        return ("deep", found["deep"])
    if found["any"]:
        return ("any", "")
    if found["index"]:
        return ("index", int(found["index"]))
    return ("name", found["name"] or found["quoted"])


def _url(url: str, sensitive: frozenset[str]) -> str:
    if "@" in url:
        url = USERINFO.sub(MASK, url)
    if "=" not in url:
        return url

    def masked(found: re.Match[str]) -> str:
        if not _is_sensitive(found[1], sensitive):
            return found[0]
        return f"{found[1]}={MASK}"

    cut = re.search(r"[?#]", url)
    if cut is None:
        return url
    return url[: cut.end()] + PARAMETER.sub(masked, url[cut.end() :])


def _is_sensitive(name: str, sensitive: frozenset[str]) -> bool:
    """`user[password]`, `token[]` and percent-encoded spellings count."""
    plain = unquote_plus(name).strip().lower()
    if plain in sensitive:
        return True
    return "[" in plain and any(
        part in sensitive for part in plain.replace("]", "").split("[")
    )


def _parameters(params: dict[str, Any], sensitive: frozenset[str]) -> dict[str, Any]:
    if not params:
        return params
    return {
        name: _each(value, lambda _: MASK) if _is_sensitive(name, sensitive) else value
        for name, value in params.items()
    }


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [change(str(item)) for item in value]
    return change(str(value))


def _body(
    body: Body | None,
    headers: Fields | HeaderObject,
    paths: tuple[Path, ...],
    names: frozenset[str],
) -> Body | None:
    if body is None or not body.size or not (paths or names):
        return body
    content_type = (field_value(headers, "content-type") or "").lower()
    if names and "x-www-form-urlencoded" in content_type:
        return _rewritten(body, headers, lambda text: _url(f"?{text}", names)[1:])
    if paths and _is_json(content_type, body.kept, headers):
        return _rewritten(body, headers, lambda text: _masked_json(text, paths))
    return body


def _is_json(content_type: str, kept: bytes, headers: Fields | HeaderObject) -> bool:
    if content_type:
        return "json" in content_type
    # Undeclared: a coded body cannot be looked at, and may be JSON.
    coded = field_value(headers, "content-encoding") is not None
    return coded or kept.lstrip()[:1] in (b"{", b"[")


def _rewritten(
    body: Body, headers: Fields | HeaderObject, change: Callable[[str], str]
) -> Body:
    """Decoded, changed; nothing is kept of what cannot be read whole."""
    coding = field_value(headers, "content-encoding")
    content = decoded(
        body.kept, coding, limit=DECODE_LIMIT_BYTES, truncated=body.truncated
    )
    text = as_text(content.content) if content.complete else None
    if text is None:
        return replace(body, kept=b"", state=BodyState.WITHHELD)
    try:
        kept = change(text).encode()
    except (ValueError, RecursionError):
        return replace(body, kept=b"", state=BodyState.WITHHELD)
    return replace(body, kept=kept, state=BodyState.REDACTED)


def _masked_json(text: str, paths: tuple[Path, ...]) -> str:
    """One JSON value, or one a line. Raises ValueError where it is neither."""
    try:
        values = [load_json(text)]
    except ValueError:
        values = [load_json(line) for line in text.splitlines() if line.strip()]
    for path in paths:
        values = [_mask(value, path) for value in values]
    return "\n".join(dump_json(value) for value in values)


def _mask(value: Any, path: Path) -> Any:
    if not path:
        return MASK
    (kind, wanted), rest = path[0], path[1:]
    if kind == "deep":
        return _mask_deep(value, str(wanted), rest)
    if isinstance(value, dict):
        return {
            name: _mask(item, rest) if kind == "any" or name == wanted else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            _mask(item, rest) if kind == "any" or n == wanted else item
            for n, item in enumerate(value)
        ]
    return value


def _mask_deep(value: Any, name: str, rest: Path) -> Any:
    if isinstance(value, dict):
        return {
            key: _mask(item, rest) if key == name else _mask_deep(item, name, rest)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_mask_deep(item, name, rest) for item in value]
    return value
