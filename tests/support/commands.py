"""Commands of `apimonitor`, run to their end."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.support.serving import COMMAND


async def token_from_command(database_url: str, directory: Path) -> str:
    made = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "apimonitor"),
        "token",
        "create",
        env={
            "APIMONITOR_DATABASE_URL": database_url,
            "APIMONITOR_DATA_DIR": str(directory / "elsewhere"),
        },
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await made.communicate()
    token = printed.decode().strip()
    assert token.startswith("mtok_")
    return token


async def run(
    directory: Path, *arguments: str, **environment: str
) -> tuple[int | None, bytes, str]:
    """The exit code, what was printed, and what was said."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *arguments,
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **environment,
        },
        stdout=PIPE,
        stderr=PIPE,
    )
    printed, said = await process.communicate()
    return process.returncode, printed, said.decode()
