"""Bodies, masked: decoded, taken apart by their kind, and written again."""

import re
from typing import Final

from monitor.content.body import CUT, DAMAGED, TOO_LONG, as_text, decoded, field_value
from monitor.json.path import Path
from monitor.redaction.fields import (
    UNQUOTED,
    masked_form,
    masked_members,
    masked_multipart,
)
from monitor.redaction.json import masked_json
from monitor.redaction.looks import (
    LOOKED_AT_BYTES,
    BodyLook,
    boundary_of,
    is_shown,
    look_of,
    may_hold_fields,
)
from monitor.redaction.names import FOLDED, LEFT_OUT, Names
from monitor.redaction.path_machine import Machine
from monitor.redaction.spelled import HIDDEN, fold
from monitor.redaction.text import masked_events
from monitor.redaction.work import MaskingWork, TooMuch
from monitor.traffic.exchange import Body, BodyState
from monitor.traffic.fields import Headers

# Parts that were coded each on its own, as some programs write gzip.
MAX_MEMBERS: Final = 64
MEMBER_NODES: Final = 100
# A byte is decoded, and looked for names, in less time than it is read in.
READS: Final = 4
# So many strings of JSON are looked at in the time of a node.
QUOTES: Final = 4


NAMED: Final = ("name", "deep")


class Rules:
    """What is masked in bodies: values at a service's paths, and fields by name.

    *own*: whether the service has rules; *words* finds what they name in what cannot
    be taken apart; *has_unnamed*: one leads to what has no name, an item or all there
    is.
    """

    __slots__ = (
        "form_names",
        "has_unnamed",
        "machine",
        "names",
        "own",
        "paths",
        "words",
    )

    def __init__(
        self, paths: tuple[Path, ...], names: Names, own: frozenset[str]
    ) -> None:
        self.paths = paths
        self.machine = Machine(paths) if paths else None
        self.names = names
        self.own = bool(paths or own)
        self.has_unnamed = any([not path or path[-1][0] not in NAMED for path in paths])
        last = {str(path[-1][1]) for path in paths if path and path[-1][0] in NAMED}
        # A form has but one level: what a path leads to may be called so there.
        self.form_names = names.also(last) if last else names
        self.words = _words(last | own)

    def with_all(self, within: set[str]) -> Machine:
        """The paths, and all that is called as one of *within*, wherever it is."""
        deep = tuple([(("deep", name),) for name in sorted(within)])
        return Machine(self.paths + deep)


def masked_body(body: Body, headers: Headers, rules: Rules, work: MaskingWork) -> Body:
    """Nothing is kept of what may hold what is to be masked and cannot be taken apart,
    or not within *work*."""
    try:
        return _masked(body, headers, rules, work)
    except TooMuch:
        return Body(kept=b"", size=body.size, state=BodyState.WITHHELD, is_limited=True)
    except ValueError:
        return Body(kept=b"", size=body.size, state=BodyState.WITHHELD)


def _masked(body: Body, headers: Headers, rules: Rules, work: MaskingWork) -> Body:
    content_type = (field_value(headers, "content-type") or "").lower()
    # Ingested bodies are strings: whatever their header says, they are decoded.
    coding = None
    if not isinstance(headers, dict):
        coding = field_value(headers, "content-encoding")
    if not rules.own and not may_hold_fields(content_type, body, coding):
        return body
    content, problem, is_seen = _content(body, coding, work)
    look = look_of(content_type, content)
    if rules.own and not is_seen and not is_shown(content_type):
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
    has_paths = rules.machine is not None
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
            content = text.encode("latin-1")
            is_hidden = rules.has_unnamed or HIDDEN.search(content) is not None
            if is_hidden or names.may_be_in(content):
                raise
            # It only begins as JSON does: ids=[7.
            return text

    if look is BodyLook.FORM:
        masked = masked_form(text, names, work, value)
    else:
        boundary = boundary_of(content_type, content)
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
    if not names.may_be_quoted_in(content):
        if UNQUOTED.match(content) and names.may_be_in(content):
            raise ValueError("it is no JSON")
        return None
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


def _is_named(
    content_type: str, content: bytes, rules: Rules, work: MaskingWork
) -> bool:
    """Whether what is no page and no picture has what looks like a field of a rule."""
    if rules.words is None or is_shown(content_type):
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
