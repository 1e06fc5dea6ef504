"""What can be read at a glance: functions, modules and folders of the product."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "appliance", "migrations", "monitor", "proxy", "web")
MODULES = sorted(
    [ROOT / "main.py", ROOT / "setup.py"]
    + [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
)
MOST_FUNCTION_LINES = 50
MOST_LINES = 300
MOST_MODULES = 13
# A module that is longer says why in its first lines.
REASON = re.compile(r"\blonger than (?:300 lines|other modules)\b", re.IGNORECASE)
FIRST_LINES = 12
# One line a field, twice: what a dataclass would write costs more where it is compiled.
CONSTRUCTORS = {"monitor/traffic/exchange.py:Exchange.__init__"}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function, as `file.py:Class.name`, and its lines."""
    found: list[tuple[str, ast.AST]] = [("", ast.parse(path.read_text()))]
    while found:
        within, node = found.pop()
        for child in ast.iter_child_nodes(node):
            name = within
            if isinstance(child, ast.ClassDef):
                name = f"{within}{child.name}."
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                assert child.end_lineno is not None
                lines = child.end_lineno - child.lineno + 1
                yield f"{_name(path)}:{within}{child.name}", lines
            found.append((name, child))


def test_a_function_fits_a_glance() -> None:
    sizes = dict(found for path in MODULES for found in _functions(path))
    longer = {name for name, lines in sizes.items() if lines > MOST_FUNCTION_LINES}
    assert len(sizes) > 2_000
    assert longer == CONSTRUCTORS


def test_a_module_is_short_or_says_why_not() -> None:
    longer = set()
    for path in MODULES:
        lines = path.read_text().splitlines()
        first = " ".join(lines[:FIRST_LINES])
        if len(lines) > MOST_LINES and not REASON.search(first):
            longer.add(_name(path))
    assert longer == set()


def test_a_folder_holds_few_modules() -> None:
    folders = Counter(
        _name(path.parent) for path in MODULES if path.name != "__init__.py"
    )
    assert {name for name, count in folders.items() if count > MOST_MODULES} == set()
