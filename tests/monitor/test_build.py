"""Which build runs can be seen from outside."""

import os
from importlib.metadata import version
from pathlib import Path

from tests.support.running import appliance_on, client_of
from tests.support.workers import scene, workers_of

# tests/ops/test_compiled.py runs these too, on the compiled build.
IS_COMPILED = "COMPILED_BUILD" in os.environ


async def test_metrics_and_the_status_page_say_which_build_runs(
    database_url: str, tmp_path: Path
) -> None:
    compiled, how = ("yes", "compiled") if IS_COMPILED else ("no", "interpreted")
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        metrics = (await client.get("/metrics")).text
        status = (await client.get("/status")).text
    labels = f'compiled="{compiled}",version="{version("apimonitor")}"'
    assert f"apimonitor_build_info{{{labels}}} 1.0\n" in metrics
    assert f"<dd>{version('apimonitor')}, {how}</dd>" in status


async def test_workers_run_the_build_that_main_runs_wherever_it_was_started(
    tmp_path: Path,
) -> None:
    # As in a checkout, where the directory has packages of these names.
    (tmp_path / "appliance").mkdir()
    (tmp_path / "appliance" / "__init__.py").write_text("raise SystemExit(9)")
    async with scene(tmp_path) as appliance:
        assert appliance.process is not None
        workers = workers_of(appliance)
        assert len(workers) == 2
        for pid in (appliance.process.pid, *workers):
            assert is_compiled(pid) == IS_COMPILED


def is_compiled(pid: int) -> bool:
    return "__mypyc." in Path(f"/proc/{pid}/maps").read_text()
