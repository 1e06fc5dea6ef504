"""TLS where we are the client: whose certificates are trusted."""

import os
import ssl
from functools import cache

# Where OpenSSL looks before it takes the system's.
SOURCES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
CHANNELS, UPSTREAMS, MAIL = "channels", "upstreams", "mail"


def prepare(*uses: str) -> None:
    """Read them before a loop turns, which would stand still for 0.1 s and more."""
    for use in uses:
        trusting(use)


def trusting(use: str) -> ssl.SSLContext:
    """By the system's authorities, or SSL_CERT_FILE's: a context for each *use*.

    Read once, for that takes 20 ms at best; and by *use*, for httpx sets ALPN.
    """
    return _read(use, *(os.environ.get(name) for name in SOURCES))


@cache
def _read(use: str, file: str | None, directory: str | None) -> ssl.SSLContext:
    return ssl.create_default_context()
