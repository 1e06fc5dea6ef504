"""The command: aiohttp's own tests of WebSockets and files, through the proxy.

They are in its source package, which pip fetches by the digest in the lock file, with
what they need besides. `python -m tests.clients.library` runs three files of them;
others can be named, without `test_`.
"""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
SUITES = ("web_websocket_functional", "client_ws_functional", "web_sendfile_functional")
NEEDS = (
    *("pytest-mock", "pytest-codspeed", "trustme", "cryptography", "cffi", "pycparser"),
    *("blockbuster", "forbiddenfruit", "freezegun", "python-dateutil", "six", "rich"),
    *("isal", "zlib-ng", "proxy.py"),
)
PLUGINS = (
    *("-p", "no:aiohttp", "-p", "no:pytest_aiohttp", "-p", "aiohttp.pytest_plugin"),
    *("-p", "no:schemathesis", "-p", "no:cacheprovider"),
)
THROUGH = ("-p", "tests.clients.through_the_proxy")


def fetch(folder: Path) -> Path:
    """aiohttp's source, unpacked."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    lock = (ROOT / "requirements-dev.lock").read_text()
    found = re.search(r"^aiohttp==(?:.*\\\n)+.*\n", lock, re.MULTILINE)
    assert found is not None
    (folder / "wanted").write_text(found[0])
    options = ["--no-deps", "--require-hashes", "--no-binary", "aiohttp"]
    wanted = ["-d", str(folder), "-r", str(folder / "wanted")]
    subprocess.run([*pip, "download", *options, *wanted], check=True)
    target = ["--no-deps", "--target", str(folder / "needs")]
    subprocess.run([*pip, "install", *target, *NEEDS], check=True)
    [archive] = folder.glob("aiohttp-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def main() -> int:
    names = sys.argv[1:] or SUITES
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = fetch(folder)
        paths = f"{folder / 'needs'}{os.pathsep}{ROOT}"
        command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull]
        options = ["--rootdir", str(source), "--timeout", "30", "--tb", "short"]
        tests = [str(source / "tests" / f"test_{name}.py") for name in names]
        return subprocess.run(
            [*command, *options, *PLUGINS, *THROUGH, *tests],
            cwd=source,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"},
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
