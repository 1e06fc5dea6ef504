"""What may touch a disk: everything but what is sensitive."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from monitor.body_masking import Rules, masked_body
from monitor.exchange import Body, BodyState, Exchange
from monitor.fields import Fields, HeaderObject, SharedFields
from monitor.json_masking import MASK as MASK
from monitor.json_paths import Path, parse_path
from monitor.masking import redacted_messages
from monitor.path_machine import Machine
from monitor.url_masking import UrlMask, each, mask_all
from monitor.withheld import Withheld
from monitor.work import DEFAULT_NODES, Work

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
# So many cost nothing worth counting.
FEW_FIELDS: Final = 100
VALUE_NODES: Final = 5


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
        limit: int = DEFAULT_NODES,
        count: Callable[[Withheld, int], None] | None = None,
    ) -> None:
        self._headers = frozenset(name.strip().lower() for name in headers)
        self._looked_at = self._headers | URL_FIELDS | TEXT_FIELDS
        self._parameters = frozenset(name.strip().lower() for name in parameters)
        self._limit = limit
        self._count = count

    def apply(self, exchange: Exchange, fields: tuple[str, ...] = ()) -> Exchange:
        """*exchange* with all that is sensitive masked; it may be the same object.

        *fields*: JSON paths ($.card.number) and further query parameters.
        """
        return self.within(exchange, fields, Work(self._limit))

    def within(
        self, exchange: Exchange, fields: tuple[str, ...], work: Work
    ) -> Exchange:
        """The same, with what is left of *work*."""
        if not fields and _is_plain(exchange):
            return self._with_masked_headers(exchange, work)
        rules = _rules(fields)
        names = rules.names
        sensitive = self._parameters | names if names else self._parameters
        urls = UrlMask(sensitive, work)
        sent, received = exchange.request_headers, exchange.response_headers
        masked: dict[str, Any] = {
            "url": urls.url(exchange.url),
            "path": urls.url(exchange.path),
            "client_url": exchange.client_url and urls.url(exchange.client_url),
            "error": exchange.error and urls.text(exchange.error),
            "query_params": urls.parameters(exchange.query_params),
            "request_headers": self._masked(sent, sensitive, urls),
            "response_headers": self._masked(received, sensitive, urls),
        }
        if urls.withheld:
            self._tell(Withheld.URL, urls.withheld)
        if fields:
            masked["request_body"] = self._body(
                exchange.request_body, sent, rules, work
            )
            masked["response_body"] = self._body(
                exchange.response_body, received, rules, work
            )
            if exchange.messages is not None and rules.machine is not None:
                masked["messages"] = redacted_messages(
                    exchange.messages, rules.machine, work, self._message
                )
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
        return UrlMask(self._parameters, Work(100 * (1 + len(url)))).url(url)

    def _with_masked_headers(self, exchange: Exchange, work: Work) -> Exchange:
        sent, received = exchange.request_headers, exchange.response_headers
        urls = UrlMask(self._parameters, work)
        masked_sent = self._masked(sent, self._parameters, urls)
        masked_received = self._masked(received, self._parameters, urls)
        if urls.withheld:
            self._tell(Withheld.URL, urls.withheld)
        if masked_sent is sent and masked_received is received:
            return exchange
        return replace(
            exchange, request_headers=masked_sent, response_headers=masked_received
        )

    def _masked(
        self, headers: Fields | HeaderObject, sensitive: frozenset[str], urls: UrlMask
    ) -> Fields | HeaderObject:
        if not isinstance(headers, SharedFields):
            return self._masked_anew(headers, urls)
        known = headers.masked
        if known is None or known[0] is not self or known[1] is not sensitive:
            before = urls.withheld
            masked = self._masked_anew(headers, urls)
            if isinstance(masked, tuple) and masked is not headers:
                masked = SharedFields(masked)
            known = (self, sensitive, masked)
            if urls.withheld == before:
                headers.masked = known
        return known[2]

    def _masked_anew(
        self, headers: Fields | HeaderObject, urls: UrlMask
    ) -> Fields | HeaderObject:
        pairs = tuple(headers.items()) if isinstance(headers, dict) else headers
        if len(pairs) > FEW_FIELDS and not urls.may(len(pairs)):
            masked_all = [(name, MASK) for name, _ in pairs]
            return dict(masked_all) if isinstance(headers, dict) else tuple(masked_all)
        names = [name.strip().lower() for name, _ in pairs]
        looked_at = self._looked_at
        if looked_at.isdisjoint(names):
            return headers
        masked = [
            (pair[0], self._value(name, pair[1], urls)) if name in looked_at else pair
            for name, pair in zip(names, pairs, strict=True)
        ]
        if masked == list(pairs):
            return headers
        return dict(masked) if isinstance(headers, dict) else tuple(masked)

    def _value(self, name: str, value: Any, urls: UrlMask) -> Any:
        if name in self._headers:
            return each(value, mask_all)
        count = len(value) if type(value) is list else 1
        if not urls.may(VALUE_NODES * count):
            return MASK
        if name in URL_FIELDS:
            return each(value, urls.reference)
        return each(value, urls.text)

    def _body(
        self,
        body: Body | None,
        headers: Fields | HeaderObject,
        rules: Rules,
        work: Work,
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


@lru_cache(maxsize=4096)
def _rules(fields: tuple[str, ...]) -> Rules:
    paths = tuple([_path_or_all(rule) for rule in fields if rule.startswith("$")])
    names = [rule.strip().lower() for rule in fields if not rule.startswith("$")]
    return Rules(Machine(paths) if paths else None, frozenset(names))


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
