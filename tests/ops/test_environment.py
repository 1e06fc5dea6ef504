"""The environment of a checkout is made anew where it is none that works."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.programs import path_of

ROOT = Path(__file__).parent.parent.parent
MADE_ANEW = "rm -rf .venv"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("environment") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)
    return made


@pytest.fixture
def checkout(tmp_path: Path, environment: Path) -> Path:
    """One whose environment is whole, as far as make can see."""
    place = tmp_path / "checkout"
    place.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, place)
    shutil.copytree(environment, place / ".venv", symlinks=True)
    (place / ".venv" / ".place").write_text(f"{place}\n")
    (place / ".venv" / ".runtime").touch()
    return place


def would_do(checkout: Path) -> str:
    return subprocess.run(
        ["make", "-n", ".venv/.runtime"],
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_one_that_works_stays(checkout: Path) -> None:
    assert "up to date" in would_do(checkout)


def moved(checkout: Path) -> Path:
    return checkout.rename(checkout.parent / "elsewhere")


def interrupted_installing(checkout: Path) -> Path:
    (checkout / ".venv" / ".installing").touch()
    return checkout


def interrupted_before_pip(checkout: Path) -> Path:
    (found,) = (checkout / ".venv").glob("lib/python*/site-packages/pip")
    shutil.rmtree(found)
    return checkout


def interrupted_at_once(checkout: Path) -> Path:
    shutil.rmtree(checkout / ".venv" / "bin")
    return checkout


def of_a_python_that_is_gone(checkout: Path) -> Path:
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    return checkout


@pytest.mark.parametrize(
    "happened",
    [
        moved,
        interrupted_installing,
        interrupted_before_pip,
        interrupted_at_once,
        of_a_python_that_is_gone,
    ],
)
def test_one_that_does_not_work_is_made_anew(
    checkout: Path, happened: Callable[[Path], Path]
) -> None:
    assert MADE_ANEW in would_do(happened(checkout))


def test_an_ordinary_user_is_asked_only_for_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers lie in /usr/sbin, which is not on that user's PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "id").write_text("#!/bin/sh\necho 1000\n")
    (programs / "id").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    asked = subprocess.run(
        ["sh", "tests/system_packages.sh"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    packages = {
        "chromium": "chromium",
        "chromium-headless-shell": "chromium-headless-shell",
        "nginx": "nginx-light",
        "haproxy": "haproxy",
        "apache2": "apache2-bin",
        "svn": "subversion",
        "litmus": "litmus",
        "wrk": "wrk",
    }
    missing = {name for name, package in packages.items() if package in asked}
    assert missing == {name for name in packages if path_of(name) is None}
