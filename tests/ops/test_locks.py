"""What is installed without looking for more is whole."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
RUNTIME = PROJECT["project"]["dependencies"]


def of_group(name: str) -> Iterator[str]:
    for entry in GROUPS[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from of_group(entry["include-group"])


LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": [*RUNTIME, *of_group("dev")],
    "requirements-compile.lock": [*of_group("compile")],
}


def pins(lock: str) -> dict[str, str]:
    """The version of each package that *lock* installs here."""
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for line in re.findall(r"^[^\s#].*?(?= \\$)", lock, re.MULTILINE)
        if applies(pin := Requirement(line), "")
    }


def applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({"extra": extra})


def missing(lock: str, wanted: list[str]) -> list[str]:
    """What is required, at any depth, and not by a pin of *lock* fulfilled."""
    pinned, seen, lacking = pins(lock), set[str](), list[str]()
    waiting = [(one, "") for one in wanted]
    while waiting:
        text, extra = waiting.pop()
        requirement = Requirement(text)
        if not applies(requirement, extra) or f"{text} for {extra}" in seen:
            continue
        seen.add(f"{text} for {extra}")
        name = canonicalize_name(requirement.name)
        if name not in pinned or pinned[name] not in requirement.specifier:
            lacking.append(text)
            continue
        further = requires(name) or []
        waiting += [(one, of) for one in further for of in ("", *requirement.extras)]
    return lacking


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_closed_under_its_requirements(name: str) -> None:
    lock = (ROOT / name).read_text()
    assert missing(lock, LOCKS[name]) == []


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("requirements.lock", "multidict"),
        ("requirements-dev.lock", "iniconfig"),
        ("requirements-compile.lock", "pathspec"),
    ],
)
def test_a_lock_that_lacks_one_is_found(name: str, needed: str) -> None:
    lock = (ROOT / name).read_text()
    cut = re.sub(rf"^{needed}==.*\n(    .*\n)+", "", lock, flags=re.MULTILINE)
    assert cut != lock
    assert any(one.startswith(needed) for one in missing(cut, LOCKS[name]))
    older = re.sub(rf"^{needed}==[^ ]+", f"{needed}==0.0.1", lock, flags=re.MULTILINE)
    assert any(one.startswith(needed) for one in missing(older, LOCKS[name]))


def test_nothing_is_installed_from_a_lock_but_what_it_names() -> None:
    for name in ("Makefile", "compile.sh", "Dockerfile"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        for install in re.findall(r"^INSTALL := (.*)", text, re.MULTILINE):
            text = text.replace("$(INSTALL)", install)
        calls = [line for line in text.splitlines() if "-r requirements" in line]
        assert calls
        assert all("--no-deps" in call and "--require-hashes" in call for call in calls)
