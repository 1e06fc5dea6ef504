"""JSON Web Tokens that stand in a header or a body, read and never verified."""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from monitor import times

# RFC 7515 7.1: an object's beginning in base64url, two dots.
TOKEN: Final = re.compile(
    r"(?<![\w.-])(eyJ[\w-]{4,8000})\.([\w-]{2,16000})\.([\w-]{0,8000})(?![\w-])"
)
MAX_TOKENS: Final = 10
# RFC 7519 4.1: claims that are moments.
MOMENTS: Final = ("iat", "nbf", "exp", "auth_time")


class ReadToken(NamedTuple):
    """*where* it stands; *header* and *claims* laid out; *moments*: name and time.

    Its signature is not among them: nothing here says that the token is true.
    """

    where: str
    header: str
    claims: str
    moments: list[tuple[str, str]]


def tokens_in(texts: Iterable[tuple[str, str]]) -> list[ReadToken]:
    """Of texts, each with where it stands; each token once."""
    found: dict[str, ReadToken] = {}
    for where, text in texts:
        for token in TOKEN.finditer(text):
            if len(found) >= MAX_TOKENS:
                return list(found.values())
            if token[0] not in found and (read := _read(where, *token.groups())):
                found[token[0]] = read
    return list(found.values())


def _read(where: str, head: str, payload: str, _: str) -> ReadToken | None:
    header, claims = _object(head), _object(payload)
    if header is None or claims is None or "alg" not in header:
        return None
    return ReadToken(where, _laid_out(header), _laid_out(claims), _moments(claims))


def _object(coded: str) -> dict[str, Any] | None:
    try:
        raw = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        found = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _laid_out(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _moments(claims: dict[str, Any]) -> list[tuple[str, str]]:
    made = []
    for name in MOMENTS:
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        try:
            made.append((name, times.format(datetime.fromtimestamp(value, UTC))))
        except (OverflowError, OSError, ValueError):
            continue
    return made
