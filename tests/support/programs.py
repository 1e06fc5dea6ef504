"""Where the programs are that tests need beside ours."""

import os
import shutil
from asyncio.subprocess import Process

import pytest

# Debian keeps servers where PATH of an ordinary user does not look.
OF_SERVERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def path_of(name: str) -> str | None:
    searched = (os.environ.get("PATH", os.defpath), *OF_SERVERS)
    return shutil.which(name, path=os.pathsep.join(searched))


def need(name: str, package: str) -> str:
    """Its path, or a skipped test; a failed one where all are to run."""
    path = path_of(name)
    if path is None:
        reason = f"no {name}: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


async def ended(process: Process) -> None:
    """Its end, forced where it has not come; the loop is left with nothing of it.

    A child of its own may hold its pipes open for longer: without this the collector
    complains of them, in whichever test it happens to run.
    """
    if process.returncode is None:
        process.kill()
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]
