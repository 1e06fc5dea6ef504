"""Hints: what an exchange shows of why an app breaks behind a proxy."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from monitor.content.body import field_value
from monitor.logs.log import LogDetail
from monitor.registry.base_url import PORTS, on_socket
from monitor.traffic.exchange import Source
from monitor.traffic.mask import MASK

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# A longer one is no address that a client would follow.
MAX_LOCATION_LENGTH: Final = 8192
MAX_SHOWN_LENGTH: Final = 200
FORBIDDEN: Final = 403


class HintKind(StrEnum):
    REDIRECT_LOOP = "redirect_loop"
    HTTPS_LOOP = "https_loop"
    ORIGIN = "origin"


TEXTS: Final = {
    HintKind.REDIRECT_LOOP: (
        "The answer redirects to the URL that was asked for: a client that follows it "
        "comes back here."
    ),
    HintKind.HTTPS_LOOP: (
        "The answer redirects to the same URL with https: the upstream takes the "
        "request for one that came over http, and a client that comes back through "
        "the proxy meets the same again. Set forwarded_headers of the service to "
        "none, or to keep behind a proxy that ends TLS; a base_url with http may have "
        "to be one with https."
    ),
}


@dataclass(frozen=True, slots=True)
class Hint:
    """*section*: of docs/troubleshooting.md."""

    kind: HintKind
    text: str
    section: str


def hints_of(detail: LogDetail) -> list[Hint]:
    """Derived from what is kept, so that older logs have them too."""
    if detail.item.status_code == FORBIDDEN:
        text = _foreign_origin(detail)
        return [] if text is None else [Hint(HintKind.ORIGIN, text, "origin")]
    kind = _redirect(detail)
    return [] if kind is None else [Hint(kind, TEXTS[kind], "redirects")]


def _foreign_origin(detail: LogDetail) -> str | None:
    origin = field_value(detail.request_headers, "origin")
    if origin is None:
        return None
    asked = field_value(detail.request_headers, "host")
    is_kept = detail.keeps_host or detail.item.source == Source.INGEST
    sent = asked if asked and is_kept else _upstream_host(detail.item.url)
    if not sent or _is_of(origin, sent):
        return None
    text = (
        f"The request's Origin, {origin[:MAX_SHOWN_LENGTH]}, is not of the Host that "
        f"was sent, {sent[:MAX_SHOWN_LENGTH]}: apps that compare the two answer 403."
    )
    if asked and not is_kept and _is_of(origin, asked):
        text += (
            " With preserve_host the service gets the client's Host, which it is of."
        )
    return text


def _upstream_host(url: str) -> str:
    if on_socket(url) is not None:
        return "localhost"
    parts = _split(url)
    return "" if parts is None else parts.netloc


def _is_of(origin: str, host: str) -> bool:
    scheme = origin.partition("://")[0].lower()
    one, other = _split(origin), _split(f"{scheme}://{host}")
    return one is not None and other is not None and one.netloc == other.netloc


def _redirect(detail: LogDetail) -> HintKind | None:
    if detail.item.status_code not in REDIRECTS:
        return None
    location = field_value(detail.response_headers, "location")
    if not location or len(location) > MAX_LOCATION_LENGTH:
        return None
    asked = [split for url in _asked(detail) if (split := _split(url)) is not None]
    led = [
        split
        for url in asked
        if (split := _split(location, base=urlunsplit(url))) is not None
    ]
    if any(_is_upgrade(url, to) for url in asked for to in led):
        return HintKind.HTTPS_LOOP
    # Where a value is masked, nobody can tell whether it is the same.
    if MASK in location or not any(url == to for url in asked for to in led):
        return None
    # What the client asked for over http comes back as that, once it is mapped.
    is_forced = location.lower().startswith("https:") and "http" in {
        url.scheme for url in asked
    }
    return HintKind.HTTPS_LOOP if is_forced else HintKind.REDIRECT_LOOP


def _asked(detail: LogDetail) -> list[str]:
    """The URL at the upstream, as the client called it, and a mixture of the two.

    An upstream that believes X-Forwarded-Host knows that, and a path of its own.
    """
    url, client_url = detail.item.url, detail.client_url
    if client_url is None:
        return [url]
    at_client, at_upstream = _split(client_url), _split(url)
    if at_client is None or at_upstream is None:
        return [url, client_url]
    mixed = at_client._replace(path=at_upstream.path, query=at_upstream.query)
    return [url, client_url, urlunsplit(mixed)]


def _split(url: str, *, base: str = "") -> SplitResult | None:
    """Without what does not count; None where it is no http(s) URL."""
    try:
        parts = urlsplit(urljoin(base, url))
        usual = PORTS[parts.scheme]
        port = parts.port or usual
    except (KeyError, ValueError):
        return None
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    netloc = host if port == usual else f"{host}:{port}"
    return parts._replace(netloc=netloc, path=parts.path or "/", fragment="")


def _is_upgrade(asked: SplitResult, led: SplitResult) -> bool:
    """The same with https, on its port or on the one that was asked."""
    return (
        (asked.scheme, led.scheme) == ("http", "https")
        and asked.hostname == led.hostname
        and led.port in (None, asked.port)
        and (asked.path, asked.query) == (led.path, led.query)
    )
