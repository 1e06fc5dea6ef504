"""The redaction: what may touch a disk is everything but what is sensitive."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from monitor.defaults import MASKING_NODES
from monitor.json.path import Path, parse_path
from monitor.redaction.bodies import Rules, masked_body, members_of
from monitor.redaction.headers import HeaderMask
from monitor.redaction.names import Names
from monitor.redaction.text import redacted_messages
from monitor.redaction.urls import UrlMask, is_plain
from monitor.redaction.work import MaskingWork, Withheld
from monitor.traffic.exchange import KEPT, WITHHELD, Body, Exchange
from monitor.traffic.fields import Headers
from monitor.traffic.message import Messages

# What is remembered of services' rules.
MAX_KNOWN: Final = 4_096


class Known:
    """What is sensitive for one service."""

    __slots__ = ("parameters", "rules")

    def __init__(self, parameters: Names, rules: Rules) -> None:
        self.parameters = parameters
        self.rules = rules


@dataclass(frozen=True, slots=True)
class MaskingRules:
    """What a Redaction is made of."""

    headers: tuple[str, ...]
    parameters: tuple[str, ...]
    fields: tuple[str, ...]
    limit: int


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
        self.rules = MaskingRules(
            tuple(headers), tuple(parameters), tuple(fields), limit
        )
        self._headers = Names(self.rules.headers)
        self._parameters = Names(self.rules.parameters, in_urls=True)
        self._fields = Names(self.rules.fields, in_bodies=True)
        self._heads = HeaderMask(self._headers)
        self._limit = limit
        self._count = count
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
        parameters, rules = known.parameters, known.rules
        masked_sent = self._heads.masked(sent, parameters, urls)
        masked_received = self._heads.masked(received, parameters, urls)
        url, path, client_url = exchange.url, exchange.path, exchange.client_url
        params, error = exchange.query_params, exchange.error
        is_same = _is_harmless(exchange, parameters)
        if not is_same:
            url, path = urls.url(url), urls.url(path)
            client_url = client_url and urls.url(client_url)
            error = error and urls.error(error, self._headers)
            params = urls.parameters(params)
        if urls.withheld:
            self.tell(Withheld.URL, urls.withheld)
        request_body = self._body(exchange.request_body, sent, rules, work)
        response_body = self._body(exchange.response_body, received, rules, work)
        messages = exchange.messages
        if messages is not None:
            messages = self._messages(messages, rules, work)
        is_same = is_same and masked_sent is sent and masked_received is received
        is_same = is_same and request_body is exchange.request_body
        is_same = is_same and response_body is exchange.response_body
        if is_same and messages is exchange.messages:
            return exchange
        return _remade(
            exchange,
            url=url,
            path=path,
            client_url=client_url,
            query_params=params,
            error=error,
            request_headers=masked_sent,
            response_headers=masked_received,
            request_body=request_body,
            response_body=response_body,
            messages=messages,
        )

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

    def _messages(
        self, messages: Messages, rules: Rules, work: MaskingWork
    ) -> Messages:
        def by_names(content: bytes) -> bytes | None:
            return members_of(content, rules, work)

        return redacted_messages(messages, rules.machine, work, by_names, self._message)

    def _body(
        self,
        body: Body | None,
        headers: Headers,
        rules: Rules,
        work: MaskingWork,
    ) -> Body | None:
        if body is None or not body.size or body.state is not KEPT:
            return body
        masked = masked_body(body, headers, rules, work)
        if masked.state is WITHHELD:
            is_limited = masked.is_limited
            self.tell(Withheld.BODY_LIMIT if is_limited else Withheld.BODY_UNREADABLE)
        return masked

    def _message(self, is_limited: bool) -> None:
        self.tell(Withheld.MESSAGE_LIMIT if is_limited else Withheld.MESSAGE_UNREADABLE)

    def tell(self, what: Withheld, n: int = 1) -> None:
        """Count what was withheld, here or by who has the same rules."""
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


def _is_harmless(exchange: Exchange, names: Names) -> bool:
    """Whether nothing about its target can hold what is sensitive by name or form."""
    if exchange.error or not _are_harmless(exchange.query_params, names):
        return False
    url, path, client_url = exchange.url, exchange.path, exchange.client_url or ""
    if is_plain(url) and is_plain(path) and is_plain(client_url):
        return True
    # What a proxy has asked for has its path in its URL.
    text = f"{url}&{client_url}" if path in url else f"{url}&{client_url}&{path}"
    return not names.may_be_in_url(text)


def _are_harmless(params: dict[str, Any], names: Names) -> bool:
    for name, value in params.items():
        if not names.is_ordinary(name):
            return False
        if type(value) is not str or not is_plain(value):
            return False
    return True


def _remade(
    exchange: Exchange,
    *,
    url: str,
    path: str,
    client_url: str | None,
    query_params: dict[str, Any],
    error: str | None,
    request_headers: Headers,
    response_headers: Headers,
    request_body: Body | None,
    response_body: Body | None,
    messages: Messages | None,
) -> Exchange:
    """Written out: dataclasses.replace takes longer than all that is masked."""
    return Exchange(
        id=exchange.id,
        service_id=exchange.service_id,
        source=exchange.source,
        method=exchange.method,
        url=url,
        path=path,
        client_url=client_url,
        query_params=query_params,
        status_code=exchange.status_code,
        latency_ms=exchange.latency_ms,
        duration_ms=exchange.duration_ms,
        error=error,
        source_ip=exchange.source_ip,
        tags=exchange.tags,
        request_headers=request_headers,
        response_headers=response_headers,
        request_body=request_body,
        response_body=response_body,
        request_size=exchange.request_size,
        response_size=exchange.response_size,
        replay_of=exchange.replay_of,
        timings=exchange.timings,
        messages=messages,
        arrival=exchange.arrival,
    )
