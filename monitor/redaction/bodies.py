"""Bodies, masked: decoded, taken apart by their kind, and written again."""

import re
from enum import StrEnum
from typing import Final

from monitor.content.body import CUT, DAMAGED, TOO_LONG, as_text, decoded, field_value
from monitor.json.path import Path
from monitor.redaction.fields import (
    HIDDEN,
    UNQUOTED,
    masked_form,
    masked_members,
    masked_multipart,
)
from monitor.redaction.json import masked_json
from monitor.redaction.names import FOLDED, LEFT_OUT, Names, fold
from monitor.redaction.path_machine import Machine
from monitor.redaction.text import masked_events
from monitor.redaction.work import MaskingWork, TooMuch
from monitor.traffic.exchange import Body, BodyState
from monitor.traffic.fields import Fields, HeaderObject

# Parts that were coded each on its own, as some programs write gzip.
MAX_MEMBERS: Final = 64
MEMBER_NODES: Final = 100
# A byte is decoded, and looked for names, in less time than it is read in.
READS: Final = 4
# So many strings of JSON are looked at in the time of a node.
QUOTES: Final = 4
LOOKED_AT_BYTES: Final = 64
BLANK_BYTES: Final = b" \t\r\n\0\x1e\xef\xbb\xbf\xfe\xff"
FORM: Final = re.compile(rb"[^\s=&<>{}\"]{1,200}=[^\s<>{}\"]*+\s*\Z")
BOUNDARY: Final = re.compile(r"boundary=(?:\"([^\"]{1,200})\"|([^\s;]{1,200}))")
MULTIPART: Final = re.compile(
    rb"\s*--([^\r\n]{1,200}?)[ \t]*\r?\ncontent-", re.IGNORECASE
)
MEDIA: Final = ("image/", "audio/", "video/", "font/")
# What is made to be shown or run, and other texts.
PAGES: Final = ("text/html", "text/css", "text/javascript", "application/javascript")
TEXTS: Final = ("text/xml", "application/xml", "text/csv", "application/pdf")
# What may be JSON, a form or parts, where it says no more than this of itself.
OPEN: Final = ("text/plain", "application/octet-stream", "binary/octet-stream")


NAMED: Final = ("name", "deep")


class BodyLook(StrEnum):
    """What a body is, for masking."""

    JSON = "json"
    EVENTS = "events"
    FORM = "form"
    MULTIPART = "multipart"
    OTHER = "other"


class Rules:
    """What is masked in bodies: values at a service's paths, and fields by name.

    *own*: whether the service has rules; *words* finds what they name in what cannot
    be taken apart.
    """

    __slots__ = ("form_names", "machine", "names", "own", "paths", "words")

    def __init__(
        self, paths: tuple[Path, ...], names: Names, own: frozenset[str]
    ) -> None:
        self.paths = paths
        self.machine = Machine(paths) if paths else None
        self.names = names
        self.own = bool(paths or own)
        last = {str(path[-1][1]) for path in paths if path and path[-1][0] in NAMED}
        # A form has but one level: what a path leads to may be called so there.
        self.form_names = names.also(last) if last else names
        self.words = _words(last | own)

    def with_all(self, within: set[str]) -> Machine:
        """The paths, and all that is called as one of *within*, wherever it is."""
        deep = tuple([(("deep", name),) for name in sorted(within)])
        return Machine(self.paths + deep)


def masked_body(
    body: Body, headers: Fields | HeaderObject, rules: Rules, work: MaskingWork
) -> Body:
    """Nothing is kept of what may hold what is to be masked and cannot be taken apart,
    or not within *work*."""
    try:
        return _masked(body, headers, rules, work)
    except TooMuch:
        return Body(kept=b"", size=body.size, state=BodyState.WITHHELD, is_limited=True)
    except ValueError:
        return Body(kept=b"", size=body.size, state=BodyState.WITHHELD)


def _masked(
    body: Body, headers: Fields | HeaderObject, rules: Rules, work: MaskingWork
) -> Body:
    content_type = (field_value(headers, "content-type") or "").lower()
    # Ingested bodies are strings: whatever their header says, they are decoded.
    coding = None
    if not isinstance(headers, dict):
        coding = field_value(headers, "content-encoding")
    if not rules.own and not _may_hold(content_type, body, coding):
        return body
    content, problem, is_seen = _content(body, coding, work)
    look = _look(content_type, content)
    if rules.own and not is_seen and not _is_shown(content_type):
        raise ValueError(problem)
    if look is BodyLook.OTHER:
        if rules.own and _is_named(content_type, content, rules, work):
            raise ValueError("a rule names what is in it")
        return body
    if rules.machine is not None and look in (BodyLook.JSON, BodyLook.EVENTS):
        return _with_paths(body, look, content, problem, rules, work)
    text = _by_names(look, content_type, content, rules, work)
    if text is None:
        return body
    is_cut = problem is not None
    return Body(kept=text, size=body.size, state=BodyState.REDACTED, is_cut=is_cut)


def _with_paths(
    body: Body,
    look: BodyLook,
    content: bytes,
    problem: str | None,
    rules: Rules,
    work: MaskingWork,
) -> Body:
    """What a service's path may name is read whole."""
    if problem is not None:
        raise ValueError(problem)
    content = _by_names(look, "", content, rules, work) or content
    text, machine = as_text(content), rules.machine
    if text is None or machine is None:
        raise ValueError("it is no text")
    if look is BodyLook.EVENTS:
        kept = masked_events(text, machine, work)
    else:
        kept, _ = masked_json(text, machine, work)
    return Body(kept=kept, size=body.size, state=BodyState.REDACTED)


def _by_names(
    look: BodyLook, content_type: str, content: bytes, rules: Rules, work: MaskingWork
) -> bytes | None:
    """With sensitive fields masked; None where it has none."""
    work.spend(0, len(content) // READS)
    if look is BodyLook.JSON or look is BodyLook.EVENTS:
        return _members(look, content, rules, work)
    names = rules.form_names
    is_coded = look is BodyLook.FORM and content.find(b"%") >= 0
    has_paths = look is BodyLook.MULTIPART and rules.machine is not None
    is_hidden = is_coded or has_paths or HIDDEN.search(content) is not None
    if not is_hidden and not names.may_be_in(content):
        return None
    text = content.decode("latin-1")

    def inner(part: str) -> str:
        return _part(part, rules, work)

    def value(text: str) -> str:
        try:
            return _part(text, rules, work)
        except ValueError:
            if names.may_be_in(text.encode("latin-1")):
                raise
            # It only begins as JSON does: ids=[7.
            return text

    if look is BodyLook.FORM:
        masked = masked_form(text, names, work, value)
    else:
        boundary = _boundary(content_type, content)
        masked = masked_multipart(text, boundary, names, work, inner)
    return None if masked == text else masked.encode("latin-1")


def members_of(content: bytes, rules: Rules, work: MaskingWork) -> bytes | None:
    """JSON with sensitive members masked; None where it has none."""
    return _members(BodyLook.JSON, content, rules, work)


def _part(part: str, rules: Rules, work: MaskingWork) -> str:
    """A part, or a form's value, that looks like JSON."""
    content = part.encode("latin-1")
    content = _members(BodyLook.JSON, content, rules, work) or content
    if rules.machine is not None:
        content, _ = masked_json(_readable(content), rules.machine, work)
    return content.decode("latin-1")


def _members(
    look: BodyLook, content: bytes, rules: Rules, work: MaskingWork
) -> bytes | None:
    names = rules.names
    if content.find(b"\\u00") >= 0 and HIDDEN.search(content):
        # Names may be spelled with escapes: written anew they are plain.
        content, _ = masked_json(_readable(content), NO_PATHS, work)
    if UNQUOTED.match(content) and names.may_be_in(content):
        raise ValueError("it is no JSON")
    quotes = content.count(b'"')
    work.spend(quotes // QUOTES)
    there = names.quoted_in(content)
    if not there:
        return None
    found = masked_members(content, there, work)
    if not found.within:
        return None if found.content == content else found.content
    readable = _readable(found.content)
    machine = rules.with_all(found.within)
    if look is BodyLook.EVENTS:
        return masked_events(readable, machine, work)
    return masked_json(readable, machine, work)[0]


def _readable(content: bytes) -> str:
    text = as_text(content)
    if text is None:
        raise ValueError("it is no text")
    return text


def _may_hold(content_type: str, body: Body, coding: str | None) -> bool:
    """Whether it is of a kind that has fields, by its type or its first bytes."""
    if _is_shown(content_type) or content_type.startswith(TEXTS):
        begin = body.kept
        if coding is not None:
            plain = decoded(
                begin, coding, limit=LOOKED_AT_BYTES, most_members=1, wholly=True
            )
            if plain.problem == TOO_LONG and not plain.content:
                return True
            begin = plain.content
        return _begins_as_json(begin)
    return True


def _is_shown(content_type: str) -> bool:
    return content_type.startswith(MEDIA + PAGES)


def _begins_as_json(content: bytes) -> bool:
    return content[:LOOKED_AT_BYTES].lstrip(BLANK_BYTES)[:1] in (b"{", b"[")


def _look(content_type: str, content: bytes) -> BodyLook:
    """By what it looks like, where its type does not fit."""
    if content_type.startswith("text/event-stream"):
        return BodyLook.EVENTS
    begin = content.lstrip(BLANK_BYTES)[:1]
    if "json" in content_type or begin in (b"{", b"["):
        return BodyLook.JSON
    if content_type.startswith("multipart/"):
        return BodyLook.MULTIPART
    if "x-www-form-urlencoded" in content_type:
        return BodyLook.FORM
    if content_type and not content_type.startswith(OPEN):
        return BodyLook.OTHER
    if MULTIPART.match(content):
        return BodyLook.MULTIPART
    return BodyLook.FORM if FORM.match(content) else BodyLook.OTHER


def _boundary(content_type: str, content: bytes) -> str:
    """That of the type, where the body has it; else of its first line."""
    found = BOUNDARY.search(content_type)
    declared = (found[1] or found[2]) if found else None
    begun = MULTIPART.match(content)
    if begun is not None:
        return begun[1].decode("latin-1")
    if declared is None:
        raise ValueError("its parts have no boundary")
    return declared


def _is_named(
    content_type: str, content: bytes, rules: Rules, work: MaskingWork
) -> bool:
    """Whether what is no page and no picture has what looks like a field of a rule."""
    if rules.words is None or _is_shown(content_type):
        return False
    work.spend(0, len(content))
    folded = content.translate(FOLDED, LEFT_OUT)
    found = rules.words.search(folded)
    return found is not None


def _words(names: set[str]) -> re.Pattern[bytes] | None:
    """In texts a name with what separates it from a value; in binary forms, that have
    no such, the name."""
    if not names:
        return None
    each = b"|".join([re.escape(fold(name).encode()) for name in sorted(names)])
    return re.compile(
        rb"(?<![a-z0-9])(?:%(names)b)[\"']?\s*+[:=,]|<(?:%(names)b)[\s>]"
        rb"|name=[\"']?(?:%(names)b)[\"'\s>]|[^\x09-\x7e](?:%(names)b)"
        rb"|(?:%(names)b)[^\x09-\x7e]" % {b"names": each}
    )


def _content(
    body: Body, coding: str | None, work: MaskingWork
) -> tuple[bytes, str | None, bool]:
    """Without its coding, why that is not all of it, and whether enough was seen of it
    to tell what it is. Raises TooMuch."""
    if coding is None:
        return body.kept, CUT if body.truncated else None, bool(body.kept)
    plain = decoded(
        body.kept,
        coding,
        limit=max(work.left_bytes * READS // (READS + 1), LOOKED_AT_BYTES),
        truncated=body.truncated,
        most_members=MAX_MEMBERS,
        wholly=True,
    )
    if plain.problem == TOO_LONG:
        raise TooMuch
    work.spend(MEMBER_NODES * plain.members, plain.made // READS)
    is_seen = plain.problem in (None, CUT, DAMAGED)
    is_seen = is_seen and (plain.complete or len(plain.content) >= LOOKED_AT_BYTES)
    return plain.content, plain.problem, is_seen


NO_PATHS: Final = Machine(())
