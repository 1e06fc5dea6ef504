"""The call that a form of a page stands for, as it travels in the form."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

import orjson

from monitor.errors import InvalidInput

# Fields of a form that are none of its call.
ASKED, TOKEN, SURE, TYPED, ALSO = "_form", "_token", "_sure", "_typed", "_also"
RELOAD = "reload"
# Kinds of a text that is sent as far as it differs from what it was.
COMPARED = ("changed", "headers")
# Elements without an end.
CHILDLESS = frozenset({"input", "br", "hr", "img", "path", "link", "meta"})
Attributes = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """*then*: where it goes on, `reload`: on the same page; *confirm*: asked first.

    *kinds*: what each field means, *was*: what it held when the page was made, where
    that counts; *parts*: which choices a field goes with, `name:value` of each part it
    is in; *equal*: what has to be typed; *nulls*: an empty field is sent too; *unseen*:
    fields that are not shown as they are typed; *button*: what its button says; *also*:
    other calls that a button of it stands for, by its value.
    """

    call: str
    then: str = RELOAD
    confirm: str = ""
    equal: str = ""
    nulls: bool = False
    kinds: dict[str, str] = field(default_factory=dict)
    was: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[list[str]]] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    button: str = "Send"
    also: dict[str, dict[str, str]] = field(default_factory=dict)

    def pressed(self, form: Mapping[str, Any]) -> "Asked":
        """With the call of the button that was pressed."""
        other = self.also.get(str(form.get(ALSO, "")))
        if other is None:
            return self
        return replace(self, call=other["call"], then=other["then"])

    @property
    def method(self) -> str:
        return self.call.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.call.partition(" ")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Travelling:
    text: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """The page that a form is on: *sign* binds a text to the reader's session."""

    path: str
    sign: Callable[[str], str]

    def asked(
        self,
        call: str,
        fields: str,
        then: str,
        confirm: str,
        nulls: bool,
        also: dict[str, dict[str, str]] | None = None,
    ) -> Travelling:
        """What the form carries; *fields* is its content as it is written."""
        found = _Fields()
        found.feed(fields)
        found.close()
        asked = Asked(
            call=call,
            then=then,
            confirm=confirm,
            equal=found.equal,
            nulls=nulls,
            kinds=found.kinds,
            was=found.was,
            parts=found.parts,
            unseen=found.unseen,
            button=found.button,
            also=also or {},
        )
        given = {name: value for name, value in asdict(asked).items() if value}
        text = orjson.dumps(given).decode()
        return Travelling(text=text, token=self.sign(text))


def asked_of(form: Mapping[str, Any]) -> Asked:
    """What the form says, whose token was checked. Raises InvalidInput."""
    try:
        return Asked(**orjson.loads(str(form.get(ASKED, ""))))
    except (ValueError, TypeError):
        raise InvalidInput("the form is none of this app's pages") from None


class _Fields(HTMLParser):
    """Fields of our own markup: what they mean, and the parts they are in."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[str, str] = {}
        self.was: dict[str, str] = {}
        self.equal = ""
        self.parts: dict[str, list[list[str]]] = {}
        self.unseen: list[str] = []
        self.button = ""
        self._within = ""
        # Elements that are open, and the choices each is shown for.
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag not in CHILDLESS:
            self._open.append((tag, _choices(said)))
        self.equal = said.get("data-must-equal") or self.equal
        if tag == "button":
            # The last one is what sends it.
            self.button = ""
        kind = said.get("data-kind") or said.get("data-also-kind")
        name = said.get("name") or ""
        if kind is not None and "disabled" not in said:
            self._note(tag, name, kind, said)

    def _note(self, tag: str, name: str, kind: str, said: Attributes) -> None:
        self.kinds[name] = kind
        if said.get("type") == "password":
            self.unseen.append(name)
        if parts := [choices.split() for _, choices in self._open if choices]:
            self.parts[name] = parts
        value = said.get("value") or ""
        if tag == "textarea":
            self._within = name if kind in COMPARED else ""
        elif kind == "changed" or "\n" in value or "\r" in value:
            self.was[name] = value

    def handle_data(self, data: str) -> None:
        if self._within:
            self.was[self._within] = self.was.get(self._within, "") + data
        if any(tag == "button" for tag, _ in self._open):
            self.button = f"{self.button} {data}"

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self.button = " ".join(self.button.split())
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "textarea" and self._within:
            # The first line break behind the tag is not part of the text.
            name, self._within = self._within, ""
            self.was[name] = self.was.get(name, "").removeprefix("\n")


def _choices(said: Mapping[str, str | None]) -> str:
    """What a part of the form is for: choices, or a button of another call."""
    also = said.get("data-also")
    return f"{ALSO}:{also}" if also else said.get("data-for") or ""
