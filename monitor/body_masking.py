"""How a body is masked: decoded, taken apart by its kind, and written again."""

from typing import Final

from monitor.content import CUT, DAMAGED, TOO_LONG, Kind, as_text, decoded, field_value
from monitor.exchange import Body, BodyState
from monitor.fields import Fields, HeaderObject
from monitor.json_masking import MASK, masked_json
from monitor.masking import masked_events
from monitor.path_machine import Machine
from monitor.url_masking import is_sensitive
from monitor.work import TooMuch, Work

# Parts that were coded each on its own, as some programs write gzip.
MOST_MEMBERS: Final = 64
MEMBER_NODES: Final = 100
# A byte is decoded in less time than it is read in.
READS: Final = 4
LOOKED_AT_BYTES: Final = 64
PAIR_NODES: Final = 3


class Rules:
    """What a service has masked in bodies: values at paths, and fields by name."""

    __slots__ = ("machine", "names")

    def __init__(self, machine: Machine | None, names: frozenset[str]) -> None:
        self.machine = machine
        self.names = names


def masked_body(
    body: Body, headers: Fields | HeaderObject, rules: Rules, work: Work
) -> Body:
    """Nothing is kept of what cannot be read whole, or within *work*."""
    content_type = (field_value(headers, "content-type") or "").lower()
    try:
        return _masked(body, headers, content_type, rules, work)
    except TooMuch:
        return Body(kept=b"", size=body.size, state=BodyState.WITHHELD, is_limited=True)
    except ValueError:
        return Body(kept=b"", size=body.size, state=BodyState.WITHHELD)


def _masked(
    body: Body,
    headers: Fields | HeaderObject,
    content_type: str,
    rules: Rules,
    work: Work,
) -> Body:
    kind = _kind(content_type, rules)
    if kind is None:
        return body
    # Ingested bodies are strings: whatever their header says, they are decoded.
    coding = None
    if not isinstance(headers, dict):
        coding = field_value(headers, "content-encoding")
    content, problem = _content(body, coding, work)
    if kind is Kind.TEXT and not _looks_like_json(content):
        return body
    if problem is not None:
        raise ValueError(problem)
    text = as_text(content)
    if text is None:
        raise ValueError("it is no text")
    kept = _rewritten(kind, text, rules, work)
    return Body(kept=kept, size=body.size, state=BodyState.REDACTED)


def _kind(content_type: str, rules: Rules) -> Kind | None:
    """What it is by its type; TEXT where that may be JSON; None where no rule is for
    it."""
    if rules.names and "x-www-form-urlencoded" in content_type:
        return Kind.FORM
    if rules.machine is None:
        return None
    if content_type.startswith("text/event-stream"):
        return Kind.EVENT_STREAM
    if "json" in content_type:
        return Kind.JSON
    is_open = not content_type or content_type.startswith("text/plain")
    return Kind.TEXT if is_open else None


def _rewritten(kind: Kind, text: str, rules: Rules, work: Work) -> bytes:
    if kind is Kind.FORM:
        return _masked_form(text, rules.names, work)
    assert rules.machine is not None
    if kind is Kind.EVENT_STREAM:
        return masked_events(text, rules.machine, work)
    masked, _ = masked_json(text, rules.machine, work)
    return masked


def _looks_like_json(content: bytes) -> bool:
    begin = content.lstrip(b" \t\r\n\0\x1e\xef\xbb\xbf\xfe\xff")[:1]
    return begin in (b"", b"{", b"[")


def _content(body: Body, coding: str | None, work: Work) -> tuple[bytes, str | None]:
    """Without its coding, and why that is not all of it; nothing of what cannot be
    looked at. Raises TooMuch."""
    if coding is None:
        return body.kept, CUT if body.truncated else None
    plain = decoded(
        body.kept,
        coding,
        limit=max(work.left_bytes * READS // (READS + 1), LOOKED_AT_BYTES),
        truncated=body.truncated,
        most_members=MOST_MEMBERS,
    )
    if plain.problem == TOO_LONG:
        raise TooMuch
    work.spend(MEMBER_NODES * plain.members, plain.made // READS)
    is_seen = plain.problem in (None, CUT, DAMAGED)
    is_seen = is_seen and (plain.complete or len(plain.content) >= LOOKED_AT_BYTES)
    return plain.content if is_seen else b"", plain.problem


def _masked_form(text: str, names: frozenset[str], work: Work) -> bytes:
    """Only & separates in a form: a # or ; is part of the value."""
    work.spend(PAIR_NODES * (text.count("&") + 1), len(text))
    pairs = [pair.partition("=") for pair in text.split("&")]
    return "&".join(
        [
            f"{name}{sign}{MASK if sign and is_sensitive(name, names, work) else value}"
            for name, sign, value in pairs
        ]
    ).encode()
