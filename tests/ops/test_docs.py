"""What the documentation says is so."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import DOCUMENT as DOCUMENT_PATH
from api.app import is_api
from api.document.operations import ALL
from monitor.network.tls import SOURCES
from monitor.settings import BARE, LEGACY, Settings, load
from tests.ops import query_doc
from tests.ops.settings_doc import COMPOSE, DOCUMENT, composed, documented

ROOT = Path(__file__).parents[2]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PACKAGES = "api|appliance|monitor|proxy|web"


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", text, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    defaults = load({})
    for name, shown in rows.items():
        value = getattr(defaults, name.lower())
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert shown.replace(",", "").split()[0] == f"{value:g}".replace(
                "e+09", ""
            ) or shown.replace(",", "").split()[0] == str(value), name
    for name in (*BARE, *LEGACY, *SOURCES):
        assert name in text


def test_settings_are_written_from_where_they_are_declared() -> None:
    again = "python -m tests.ops.settings_doc --write"
    assert documented(DOCUMENT.read_text()) == DOCUMENT.read_text(), again
    assert composed(COMPOSE.read_text()) == COMPOSE.read_text(), again


def test_fields_of_queries_are_written_from_the_table_of_the_parser() -> None:
    text = query_doc.DOCUMENT.read_text()
    assert query_doc.documented(text) == text, query_doc.MARK


def test_every_route_of_the_api_is_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    documented = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`]*)`", text))
    routes = {f"{operation.method} {operation.path}" for operation in ALL}
    routes.add(f"GET {DOCUMENT_PATH}")
    assert len(routes) >= 25
    assert documented == routes
    assert all(is_api(route.split()[1]) for route in routes)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_name_of_code_leads_somewhere(path: Path) -> None:
    """Folders and files, `file.py:name` in them, and modules as they are imported."""
    if path.name == "CHANGELOG.md":
        # It tells of what was.
        return
    text = path.read_text()
    quoted = re.findall(r"`([^`\n]+)`", text)
    hops = re.findall(rf"(?<![\w/])(?:{PACKAGES})/[\w/]+\.py(?::[\w.]+)?", text)
    for name in quoted + hops:
        file, _, within = name.partition(":")
        if re.fullmatch(rf"(?:{PACKAGES}|bench|docs|tests)/[\w./-]*", file):
            assert (ROOT / file).exists(), name
            if within:
                assert within in set(_defined(ROOT / file)), name
        elif re.fullmatch(rf"(?:{PACKAGES})(?!\.lock$)(?:\.[a-z_]+)+", name):
            module = ROOT / name.replace(".", "/")
            assert module.is_dir() or module.with_suffix(".py").exists(), name


def _defined(path: Path) -> Iterator[str]:
    """`function`, `Class` and `Class.method` of a module."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            for one in node.body:
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{one.name}"


def test_decisions_have_a_whole_table_of_contents() -> None:
    head, *parts = (ROOT / "docs" / "decisions.md").read_text().split("\n## ")
    listed = re.findall(r"^ *\* .*$", head, re.MULTILINE)
    wanted = []
    for part in parts:
        title = part.partition("\n")[0]
        wanted.append(f"* [{title}](#{_anchor(title)})")
        questions = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert questions, title
        for question in questions:
            asked, dated, _ = question.partition("? (")
            assert dated, f"{question}: a question, and its date"
            wanted.append(f"  * [{asked}?](#{_anchor(question)})")
    assert listed == wanted


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "migrations").glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_the_rules_of_fidelity_name_tests_that_exist() -> None:
    text = (ROOT / "docs" / "fidelity.md").read_text()
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_[a-z0-9_]+)`", text)
    assert len(named) > 20
    for name in named:
        assert f"def {name}(" in tests, name


def test_nobody_imports_the_command() -> None:
    for path in ROOT.glob("*/**/*.py"):
        if ".venv" not in path.parts:
            assert not re.search(r"^(from|import) main\b", path.read_text(), re.M), path
