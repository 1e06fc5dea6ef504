"""The list of settings in docs/settings.md and docker-compose.yml, from where they are
declared: `python -m tests.ops.settings_doc --write`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from monitor.settings.settings import FIELDS, THEMES

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "settings.md"
COMPOSE = ROOT / "docker-compose.yml"
MARK = "<!-- {name}: python -m tests.ops.settings_doc --write -->"
END = "<!-- end -->"
COMPOSE_MARK = "of the other settings; empty: the default.\n"
COMPOSE_END = "    # A service of this machine:"
MEANING = "who would change it, and how they would know"
UNITS = {
    "_bytes": "bytes",
    "_s": "s",
    "_ms": "ms",
    "_days": "days",
    "_hours": "hours",
}
# It names a file of the machine, which the container has not.
NOT_IN_COMPOSE = frozenset({"pg_bin"})


def documented(text: str) -> str:
    """docs/settings.md with its tables and lists as the settings are declared."""
    text = _replaced(text, MARK.format(name="tables"), END, f"\n{_tables()}\n")
    return _replaced(text, MARK.format(name="lists"), END, f"\n{_lists()}\n")


def composed(text: str) -> str:
    """docker-compose.yml with a line of each setting that it does not set itself."""
    own, _, _ = text.partition(COMPOSE_MARK)
    names = [f"APIMONITOR_{name.upper()}" for name in FIELDS.keys() - NOT_IN_COMPOSE]
    lines = [
        f"      {name}: ${{{name}:-}}\n"
        for name in sorted(names, key=_place)
        if f"      {name}:" not in own
    ]
    return _replaced(text, COMPOSE_MARK, COMPOSE_END, "".join(lines))


def _replaced(text: str, mark: str, end: str, content: str) -> str:
    before, found, rest = text.partition(mark)
    _, found_end, after = rest.partition(end)
    assert found and found_end, f"{mark!r} is missing"
    return f"{before}{mark}{content}{end}{after}"


def _place(name: str) -> int:
    return list(FIELDS).index(name.removeprefix("APIMONITOR_").lower())


def _tables() -> str:
    return "\n".join(line for theme in THEMES for line in _table(theme))


def _table(theme: Any) -> Iterator[str]:
    yield f"\n## {theme.__doc__}\n"
    yield f"| setting | default | bounds | {MEANING} |"
    yield "|---|---|---|---|"
    for name, field in theme.model_fields.items():
        meaning = field.description
        cells = (f"`{name.upper()}`", _default(name, field), _bounds(field), meaning)
        yield f"| {' | '.join(cells)} |"


def _default(name: str, field: FieldInfo) -> str:
    value = field.default
    if value is None or value == ():
        return "unset"
    if isinstance(value, tuple):
        return "see below"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    _, separator, suffix = name.rpartition("_")
    unit = UNITS.get(f"{separator}{suffix}", "")
    return f"{value:,} {unit}".rstrip()


def _bounds(field: FieldInfo) -> str:
    low = high = ""
    for bound in field.metadata:
        match bound:
            case Ge(ge=least):
                low = f"{least:,}"
            case Gt(gt=least):
                low = f"over {least:,}"
            case Le(le=most):
                high = f" to {most:,}"
    return f"{low}{high}" if high or not low else f"from {low}"


def _lists() -> str:
    return "\n".join(
        f"* `{name.upper()}`: {', '.join(f'`{item}`' for item in field.default)}"
        for name, field in FIELDS.items()
        if isinstance(field.default, tuple) and field.default
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.ops.settings_doc")
    parser.add_argument("--write", action="store_true", help="into the two files")
    given = parser.parse_args()
    for path, made in ((DOCUMENT, documented), (COMPOSE, composed)):
        text = made(path.read_text())
        if given.write:
            path.write_text(text)
        elif text != path.read_text():
            print(f"{path.relative_to(ROOT)} is out of date")


if __name__ == "__main__":
    main()
