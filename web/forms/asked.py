"""The call that a form of a page stands for, as it travels in the form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import orjson

from monitor.errors import InvalidInput
from web.forms.markup import ALSO, fields_in

# Fields of a form that are none of its call.
ASKED, TOKEN, SURE, TYPED = "_form", "_token", "_sure", "_typed"
RELOAD = "reload"


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


NAMES = tuple(one.name for one in fields(Asked))


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
        markup: str,
        then: str,
        confirm: str,
        nulls: bool,
        also: dict[str, dict[str, str]] | None = None,
    ) -> Travelling:
        """What the form carries; *markup* is its content."""
        found = fields_in(markup)
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
        text = orjson.dumps(
            {name: value for name in NAMES if (value := getattr(asked, name))}
        ).decode()
        return Travelling(text=text, token=self.sign(text))


def asked_of(form: Mapping[str, Any]) -> Asked:
    """What the form says, whose token was checked. Raises InvalidInput."""
    try:
        return Asked(**orjson.loads(str(form.get(ASKED, ""))))
    except (ValueError, TypeError):
        raise InvalidInput("the form is none of this app's pages") from None
