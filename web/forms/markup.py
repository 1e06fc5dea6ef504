"""Fields of a form as our templates write it: what each means to the form's call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from re import compile as pattern

# Named by the button that is pressed, where a form has calls besides its own.
ALSO = "_also"
# Kinds of a text that is sent as far as it differs from what it was.
COMPARED = ("changed", "headers")
# Elements without an end.
CHILDLESS = frozenset({"input", "br", "hr", "img", "path", "link", "meta"})
# Of templates values are in quotes and escaped, or words. A parser of any markup takes
# four times as long, and a page may have hundreds of forms.
TAG = pattern(
    r"""<(?P<end>/?)(?P<name>\w+)(?P<said>(?:\s+[\w-]+(?:="[^"]*"|=[^\s">]*)?)*)\s*>"""
)
SAID = pattern(r"""([\w-]+)(?:="([^"]*)"|=[^\s">]*)?""")


@dataclass(slots=True)
class Fields:
    """*kinds*, *was*, *parts* and *unseen*: as *Asked* has them.

    *equal*: what has to be typed; *button*: what the button says that sends it.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    was: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[list[str]]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    equal: str = ""
    button: str = ""


def fields_in(markup: str) -> Fields:
    # What a template hands on escapes whatever is put beside it.
    plain = str(markup)
    reading = _Reading(plain)
    for tag in TAG.finditer(plain):
        if tag["end"]:
            reading.close(tag["name"])
        else:
            reading.begin(tag["name"], tag["said"], tag.end())
    return reading.found


class _Reading:
    def __init__(self, markup: str) -> None:
        self.found = Fields()
        self._markup = markup
        # Elements that are open, and the choices each is shown for.
        self._open: list[tuple[str, str]] = []

    def begin(self, tag: str, text: str, end: int) -> None:
        said = {name: unescape(value) for name, value in SAID.findall(text)}
        if tag not in CHILDLESS:
            self._open.append((tag, _choices(said)))
        if tag == "button":
            # The last one is what sends it.
            inner = TAG.sub("", self._within(tag, end))
            self.found.button = " ".join(unescape(inner).split())
        if "data-must-equal" in said:
            self.found.equal = said["data-must-equal"]
        kind = said.get("data-kind") or said.get("data-also-kind")
        if kind is not None and "disabled" not in said:
            self._note(tag, kind, said, end)

    def close(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def _note(self, tag: str, kind: str, said: Mapping[str, str], end: int) -> None:
        name, value, found = said.get("name", ""), said.get("value", ""), self.found
        found.kinds[name] = kind
        if said.get("type") == "password":
            found.unseen.append(name)
        if parts := [choices.split() for _, choices in self._open if choices]:
            found.parts[name] = parts
        if tag == "textarea":
            if kind in COMPARED:
                # The first line break behind the tag is not part of the text.
                text = unescape(self._within(tag, end))
                found.was[name] = text.removeprefix("\n")
        elif kind == "changed" or "\n" in value or "\r" in value:
            found.was[name] = value

    def _within(self, tag: str, start: int) -> str:
        return self._markup[start : self._markup.index(f"</{tag}>", start)]


def _choices(said: Mapping[str, str]) -> str:
    """What a part of the form is for: choices, or a button of another call."""
    also = said.get("data-also")
    return f"{ALSO}:{also}" if also else said.get("data-for", "")
