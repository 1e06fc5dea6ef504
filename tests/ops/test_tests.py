"""Tests themselves: what several use lies in tests/support/, once."""

import ast
import fcntl
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.support import temporary

TESTS = Path(__file__).parents[1]
MODULES = sorted(TESTS.rglob("*.py"))
# What a test of any room needs.
ONCE = {"an_exchange", "eventually", "free_port"}


def test_no_test_imports_from_the_module_of_another_test() -> None:
    wrong = [
        f"{path.relative_to(TESTS)}: {module}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for module in (
            node.module,
            *(f"{node.module}.{one.name}" for one in node.names),
        )
        if module and module.startswith("tests.") and _is_of_one_test(module)
    ]
    assert wrong == []


def _is_of_one_test(module: str) -> bool:
    return any(
        part == "conftest" or part.startswith("test_") for part in module.split(".")
    )


def test_what_all_need_is_defined_once() -> None:
    defined = Counter(
        node.name
        for path in MODULES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert {name: defined[name] for name in ONCE} == dict.fromkeys(ONCE, 1)


def test_files_of_a_run_that_was_killed_are_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary, "MEMORY", tmp_path)
    monkeypatch.setattr(temporary, "ROOM_BYTES", 0)
    killed, living = tmp_path / "apimonitor-1", tmp_path / "apimonitor-2"
    for directory in (killed, living):
        (directory / "all").mkdir(parents=True)
    lock = os.open(living, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with temporary.directory_in_memory() as made:
            assert {made, living} == set(tmp_path.iterdir())
        assert {living} == set(tmp_path.iterdir())
    finally:
        os.close(lock)
    monkeypatch.setattr(temporary, "ROOM_BYTES", 1 << 62)
    with temporary.directory_in_memory() as made:
        assert made is None
