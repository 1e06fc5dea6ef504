"""The compiled build does what the interpreted one does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.compiled_build import BUILD, ROOT, make

# What passes, byte by byte and from hostile ends; what is kept of it, and of what is
# pushed; who serves it.
SELECTION = (
    "tests/api/ingest/test_har_import.py",
    "tests/fidelity",
    "tests/proxy/exchange/test_failures.py",
    "tests/proxy/http1/test_grammar.py",
    "tests/proxy/messages/test_messages.py",
    "tests/proxy/exchange/test_order.py",
    "tests/proxy/exchange/test_passing.py",
    "tests/proxy/http1/test_framing.py",
    "tests/proxy/messages/test_tap.py",
    "tests/proxy/exchange/test_timings.py",
    "tests/proxy/sockets/test_tiny_pieces.py",
    "tests/proxy/exchange/test_upgrades.py",
    "tests/monitor/test_build.py",
    "tests/monitor/record",
    "tests/monitor/content/test_event_stream.py",
    "tests/monitor/redaction/test_text.py",
    "tests/monitor/spool/test_recording.py",
    "tests/monitor/redaction/test_redaction.py",
    "tests/monitor/spool/test_writer.py",
    "tests/monitor/spool/test_tally.py",
    "tests/monitor/storage/recorder/test_recorder.py",
    "tests/appliance/workers/test_workers.py::test_one_that_dies_is_replaced_and_loses_nothing_answered",
)
# What other proxies keep; and what uvloop refuses in another way than asyncio.
BUT = "not another_proxy and not what_the_proxy_itself_fails_at_is_answered_too"
# Making it and running these takes a minute; more on a machine with other work.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def build() -> Path:
    """Made by the rule of `make run`; skipped where there is no compiler."""
    reason = make()
    if not BUILD.exists():
        if "apt-get" not in reason or os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return BUILD


def test_it_has_what_a_page_shows_of_the_documentation(build: Path) -> None:
    shown = Path("docs") / "troubleshooting.md"
    assert (build / shown).read_text() == (ROOT / shown).read_text()


def test_it_passes_the_tests_of_its_modules(build: Path) -> None:
    command = ["-m", "pytest", "-q", "-n", "2", "-o", "pythonpath=", "--no-header"]
    plugins = ["-p", "no:cacheprovider", "-p", "tests.support.only_compiled"]
    run = subprocess.run(
        # Not from the working directory, which has the sources.
        [sys.executable, "-P", *command, *plugins, "-k", BUT, *SELECTION],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{build}{os.pathsep}{ROOT}",
            "COMPILED_BUILD": str(build),
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]


def test_nothing_compiled_lies_beside_a_source() -> None:
    """It would be imported in its place, however the source is edited."""
    packages = ("api", "appliance", "monitor", "proxy", "web")
    assert not [path for name in packages for path in (ROOT / name).rglob("*.so")]
    assert not list(ROOT.glob("*.so"))


def test_without_a_compiler_one_line_says_what_would_help() -> None:
    run = subprocess.run(
        ["sh", "compile.sh"],
        cwd=ROOT,
        env={**os.environ, "CC": "no-such-compiler"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stdout.count("\n") == 1
    assert "apt-get install gcc" in run.stdout
    assert run.stderr == ""
