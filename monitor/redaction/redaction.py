"""The redaction: what may touch a disk is everything but what is sensitive."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from monitor.defaults import MASKING_NODES
from monitor.json.path import Path, parse_path
from monitor.redaction.bodies import Rules, masked_body, members_of
from monitor.redaction.names import Names
from monitor.redaction.text import redacted_messages
from monitor.redaction.urls import UrlMask, each, is_plain, mask_all, protocols
from monitor.redaction.withheld import Withheld
from monitor.redaction.work import MaskingWork
from monitor.traffic.exchange import Body, BodyState, Exchange
from monitor.traffic.fields import Fields, HeaderObject, HeadFields, fields_of
from monitor.traffic.line import Line, Lines
from monitor.traffic.mask import MASK
from monitor.traffic.message import Messages

# Fields whose value is a URL, and those with URLs among other words.
URL_FIELDS: Final = frozenset(
    {
        "referer",
        "location",
        "content-location",
        "origin",
        "destination",
        "x-original-url",
        "x-original-uri",
        "x-rewrite-url",
        "x-forwarded-uri",
    }
)
TEXT_FIELDS: Final = frozenset({"link", "refresh"})
# So many cost nothing worth counting.
FEW_FIELDS: Final = 100
VALUE_NODES: Final = 5
# What is remembered of services' rules, and of fields' names.
MAX_KNOWN: Final = 4_096
MAX_NAME_LENGTH: Final = 64
# What the value of a field is, for masking.
NOTHING: Final = 0
SECRET: Final = 1
REFERENCE: Final = 2
WORDS: Final = 3
PROTOCOLS: Final = 4


class Known:
    """What is sensitive for one service."""

    __slots__ = ("parameters", "rules")

    def __init__(self, parameters: Names, rules: Rules) -> None:
        self.parameters = parameters
        self.rules = rules


class Redaction:
    """The rules for every service; *apply* takes a service's own besides.

    *limit*: the work for one exchange, in nodes. What would take more is withheld;
    *count* is told of it, and of what cannot be read.
    """

    def __init__(
        self,
        *,
        headers: Iterable[str],
        parameters: Iterable[str],
        fields: Iterable[str] = (),
        limit: int = MASKING_NODES,
        count: Callable[[Withheld, int], None] | None = None,
    ) -> None:
        self._headers = Names(headers)
        self._parameters = Names(parameters)
        self._fields = Names(fields, is_standing=True)
        self._limit = limit
        self._count = count
        # By a field's name as it was spelled.
        self._kinds: dict[str, int] = {}
        self._known: dict[tuple[str, ...], Known] = {}
        self._default = self._made(())

    def apply(self, exchange: Exchange, fields: tuple[str, ...] = ()) -> Exchange:
        """*exchange* with all that is sensitive masked; it may be the same object.

        *fields*: JSON paths ($.card.number) and further names of parameters and
        fields.
        """
        return self.within(exchange, fields, MaskingWork(self._limit))

    def within(
        self, exchange: Exchange, fields: tuple[str, ...], work: MaskingWork
    ) -> Exchange:
        """The same, with what is left of *work*."""
        known = self._of(fields) if fields else self._default
        urls = UrlMask(known.parameters, work)
        sent, received = exchange.request_headers, exchange.response_headers
        masked: dict[str, Any] = {
            "request_headers": self._masked(sent, known, urls),
            "response_headers": self._masked(received, known, urls),
        }
        if not _is_plain(exchange):
            masked["url"] = urls.url(exchange.url)
            masked["path"] = urls.url(exchange.path)
            masked["client_url"] = exchange.client_url and urls.url(exchange.client_url)
            masked["error"] = exchange.error and urls.error(
                exchange.error, self._headers
            )
            masked["query_params"] = urls.parameters(exchange.query_params)
        if urls.withheld:
            self._tell(Withheld.URL, urls.withheld)
        rules = known.rules
        if exchange.request_body is not None:
            masked["request_body"] = self._body(
                exchange.request_body, sent, rules, work
            )
        if exchange.response_body is not None:
            masked["response_body"] = self._body(
                exchange.response_body, received, rules, work
            )
        if exchange.messages is not None:
            masked["messages"] = self._messages(exchange.messages, rules, work)
        changes = {
            name: value
            for name, value in masked.items()
            if value is not getattr(exchange, name)
        }
        return replace(exchange, **changes) if changes else exchange

    def url(self, url: str) -> str:
        """*url* with userinfo and sensitive parameters masked, else byte for byte.

        Of one URL, however long.
        """
        return UrlMask(self._parameters, MaskingWork(100 * (1 + len(url)))).url(url)

    def _of(self, fields: tuple[str, ...]) -> Known:
        known = self._known.get(fields)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[fields] = self._made(fields)
        return known

    def _made(self, fields: tuple[str, ...]) -> Known:
        paths = tuple([_path_or_all(rule) for rule in fields if rule.startswith("$")])
        own = frozenset([rule for rule in fields if not rule.startswith("$")])
        names = self._parameters.also(own) if own else self._parameters
        return Known(names, Rules(paths, self._fields.also(own), own))

    def _masked(
        self, headers: Fields | HeaderObject, rules: Known, urls: UrlMask
    ) -> Fields | HeaderObject:
        if not isinstance(headers, HeadFields) or len(headers) > FEW_FIELDS:
            return self._masked_anew(headers, urls)
        names, is_same = rules.parameters, True
        lines: Lines = []
        for found in headers.lines:
            if found.masked_by is not names:
                self._mask_line(found, names, urls)
            masked = found.masked
            if masked is None:
                lines.append(found)
            else:
                lines.append(masked)
                is_same = False
        return headers if is_same else fields_of(lines)

    def _mask_line(self, found: Line, names: Names, urls: UrlMask) -> None:
        """Remembered with it, unless there was no work left to look into it."""
        kind, before = self._kind(found.name), urls.withheld
        masked = self._value(kind, found.value, urls) if kind else found.value
        found.masked_by = names if urls.withheld == before else None
        # What held itself, only the collector would free.
        is_same = masked == found.value
        found.masked = None if is_same else Line(b"", found.name, masked)

    def _masked_anew(
        self, headers: Fields | HeaderObject, urls: UrlMask
    ) -> Fields | HeaderObject:
        pairs = tuple(headers.items()) if isinstance(headers, dict) else headers
        if len(pairs) > FEW_FIELDS and not urls.may(len(pairs)):
            masked_all = [(name, MASK) for name, _ in pairs]
            return dict(masked_all) if isinstance(headers, dict) else tuple(masked_all)
        kinds = [self._kind(name) for name, _ in pairs]
        if not any(kinds):
            return headers
        masked = [
            (pair[0], self._value(kind, pair[1], urls)) if kind else pair
            for kind, pair in zip(kinds, pairs, strict=True)
        ]
        if masked == list(pairs):
            return headers
        return dict(masked) if isinstance(headers, dict) else tuple(masked)

    def _kind(self, name: str) -> int:
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kind_anew(name)
            if len(self._kinds) < MAX_KNOWN and len(name) <= MAX_NAME_LENGTH:
                self._kinds[name] = kind
        return kind

    def _kind_anew(self, name: str) -> int:
        plain = name.strip().lower()
        if self._headers.holds(name):
            return SECRET
        if plain in URL_FIELDS:
            return REFERENCE
        if plain in TEXT_FIELDS:
            return WORDS
        return PROTOCOLS if plain == "sec-websocket-protocol" else NOTHING

    def _value(self, kind: int, value: Any, urls: UrlMask) -> Any:
        if kind == SECRET:
            return each(value, mask_all)
        count = len(value) if type(value) is list else 1
        if not urls.may(VALUE_NODES * count):
            return MASK
        if kind == PROTOCOLS:
            return each(value, protocols)
        return each(value, urls.reference if kind == REFERENCE else urls.text)

    def _messages(
        self, messages: Messages, rules: Rules, work: MaskingWork
    ) -> Messages:
        def by_names(content: bytes) -> bytes | None:
            return members_of(content, rules, work)

        return redacted_messages(messages, rules.machine, work, by_names, self._message)

    def _body(
        self,
        body: Body | None,
        headers: Fields | HeaderObject,
        rules: Rules,
        work: MaskingWork,
    ) -> Body | None:
        if body is None or not body.size or body.state is not BodyState.KEPT:
            return body
        masked = masked_body(body, headers, rules, work)
        if masked.state is BodyState.WITHHELD:
            is_limited = masked.is_limited
            self._tell(Withheld.BODY_LIMIT if is_limited else Withheld.BODY_UNREADABLE)
        return masked

    def _message(self, is_limited: bool) -> None:
        self._tell(
            Withheld.MESSAGE_LIMIT if is_limited else Withheld.MESSAGE_UNREADABLE
        )

    def _tell(self, what: Withheld, n: int = 1) -> None:
        if self._count is not None:
            self._count(what, n)


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


def _path_or_all(rule: str) -> Path:
    """A rule that was stored and is no path masks the whole body: it fails closed."""
    try:
        return parse_path(rule)
    except ValueError:
        return ()


def _is_plain(exchange: Exchange) -> bool:
    """Whether nothing about its target can hold what is sensitive by name or form."""
    return (
        not exchange.query_params
        and not exchange.error
        and is_plain(exchange.url)
        and is_plain(exchange.path)
        and (exchange.client_url is None or is_plain(exchange.client_url))
    )
