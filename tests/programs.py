"""Where the programs are that tests need beside ours."""

import os
import shutil

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
