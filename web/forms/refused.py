"""A page whose form was refused: as it was filled in, each problem at its field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from re import compile as pattern
from typing import Any

from web.forms.asked import Asked

Attributes = list[tuple[str, str | None]]
# What a form shows of itself, and a password, is not filled in again.
KEPT = ("hidden", "password", "submit")
CLOSED = ("dialog", "details")
WRITTEN = pattern(r"""(<textarea(?:\s+[\w-]+(?:="[^"]*"|=[^\s">]*)?)*\s*>)[^<]*""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """*errors*: what is wrong, by the names of fields; "": with all of it."""

    status: int
    errors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, said: Mapping[str, Any]) -> "Problem":
        """As /v1 says it."""
        errors: dict[str, str] = {}
        for one in said.get("errors", ()):
            name = str(one["loc"][1]) if len(one["loc"]) > 1 else ""
            before = f"{errors[name]}; " if name in errors else ""
            errors[name] = f"{before}{one['msg']}"
        if not errors:
            errors[""] = str(said.get("detail") or "That did not work.")
        return cls(status=status, errors=errors)

    def all_said(self) -> str:
        return "; ".join(f"{name} {said}".strip() for name, said in self.errors.items())


def filled(
    page: str, asked: Asked, form: Mapping[str, Any], problem: Problem
) -> str | None:
    """*page* with its form of this call filled in; None where it has none any more."""
    place = _place(page, asked)
    if place is None:
        return None
    start, end = place
    filling = _Filling(form, problem)
    # Long texts that are replaced anyway would be read entity by entity.
    filling.feed(WRITTEN.sub(r"\1", page[start:end]))
    filling.close()
    head = page[:start].replace("<title>", "<title>Not done: ", 1)
    return f"{_opened(head)}{filling.written()}{page[end:]}"


def _place(page: str, asked: Asked) -> tuple[int, int] | None:
    """Of several forms of one call, that with the same fields."""
    call = f' data-api="{escape(asked.call)}"'
    at = page.find(call)
    while at >= 0:
        start, end = page.rfind("<form", 0, at), page.find("</form>", at)
        if all(f' name="{name}"' in page[start:end] for name in asked.kinds):
            return start, end
        at = page.find(call, end)
    return None


def _opened(head: str) -> str:
    """What the form is in, and would be closed."""
    for tag in CLOSED:
        at = head.rfind(f"<{tag}")
        if at >= 0 and head.find(f"</{tag}", at) < 0:
            head = f"{head[:at]}<{tag} open{head[at + len(tag) + 1 :]}"
    return head


class _Filling(HTMLParser):
    """Writes a form of ours anew as it reads it."""

    def __init__(self, form: Mapping[str, Any], problem: Problem) -> None:
        super().__init__(convert_charrefs=False)
        self._form, self._problem = form, problem
        self._said: set[str] = set()
        self._is_focused = False
        self._written: list[str] = []
        # Where what follows the form's own tag goes, once all of it is known.
        self._within = self._chosen = ""

    def written(self) -> str:
        rest = {
            name: said
            for name, said in self._problem.errors.items()
            if name not in self._said
        }
        if rest:
            said = Problem(status=0, errors=rest).all_said()
            attrs: Attributes = [("class", "error"), ("role", "alert"), *self._focus()]
            self._written.insert(1, f"{_tag('p', attrs)}{escape(said)}</p>")
        return "".join(self._written)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        said = dict(attrs)
        name = said.get("name") or ""
        match tag:
            case "input" if said.get("type") not in KEPT:
                attrs = self._input(attrs, name)
            case "select":
                self._chosen = str(self._form.get(name, ""))
                attrs = self._marked(attrs, name)
            case "option":
                attrs = _flagged(attrs, "selected", said.get("value") == self._chosen)
            case "textarea":
                attrs, self._within = self._marked(attrs, name), name
            case "details":
                attrs = _flagged(attrs, "open", True)
        if "data-error" in said:
            self._say(tag, attrs, said["data-error"] or "")
            return
        self._written.append(_tag(tag, attrs))
        if tag == "textarea":
            self._written.append(f"\n{escape(str(self._form.get(name, '')))}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._within = ""
        self._written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._within:
            self._written.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def _input(self, attrs: Attributes, name: str) -> Attributes:
        said = dict(attrs)
        given = self._form.get(name)
        if said.get("type") in ("checkbox", "radio"):
            is_set = given is not None and given == said.get("value", given)
            return self._marked(_flagged(attrs, "checked", is_set), name)
        if name:
            attrs = [one for one in attrs if one[0] != "value"]
            attrs.append(("value", str(given or "")))
        return self._marked(attrs, name)

    def _marked(self, attrs: Attributes, name: str) -> Attributes:
        """The first one that is wrong is where its reader begins."""
        if name not in self._problem.errors or not name:
            return attrs
        return [*attrs, ("aria-invalid", "true"), *self._focus()[:1]]

    def _focus(self) -> Attributes:
        """For the first that says what is wrong."""
        if self._is_focused:
            return []
        self._is_focused = True
        return [("autofocus", None), ("tabindex", "-1")]

    def _say(self, tag: str, attrs: Attributes, name: str) -> None:
        """At the place for it, which has the focus where no field can have it."""
        if name not in self._problem.errors or name in self._said:
            self._written.append(_tag(tag, attrs))
            return
        self._said.add(name)
        focus = [] if name else self._focus()
        said = escape(self._problem.errors[name])
        self._written.append(f"{_tag(tag, [*attrs, *focus])}{said}")


def _flagged(attrs: Attributes, flag: str, is_set: bool) -> Attributes:
    rest = [one for one in attrs if one[0] != flag]
    return [*rest, (flag, None)] if is_set else rest


def _tag(tag: str, attrs: Iterable[tuple[str, str | None]]) -> str:
    said = (n if v is None else f'{n}="{escape(v)}"' for n, v in attrs)
    return f"<{' '.join((tag, *said))}>"
