"""What the commands say, and what they leave alone."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from uuid import uuid4

import pytest

from appliance.cli import healthcheck
from monitor.settings import Settings, SettingsError, load
from tests.support.commands import run
from tests.support.running import appliance_on

COMMAND = str(Path(sys.executable).parent / "apimonitor")


async def test_it_lists_its_commands_and_says_its_version(tmp_path: Path) -> None:
    code, printed, said = await run(tmp_path)
    assert (code, said) == (0, "")
    for name in ("serve", "demo", "backup", "token", "deadletter", "healthcheck"):
        assert f"\n    {name}" in printed.decode()
    code, printed, said = await run(tmp_path, "--version")
    assert (code, said) == (0, "")
    assert printed.startswith(b"apimonitor 1.")
    assert printed.endswith((b", compiled\n", b", interpreted\n"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "command",
    [
        ("token", "create"),
        ("token", "list"),
        ("token", "revoke", "0195f5a0-0000-7000-8000-000000000002"),
        ("deadletter", "list"),
        ("deadletter", "retry"),
        ("deadletter", "discard", "0195f5a0-0000-7000-8000-000000000001"),
        ("backup", "a.dump"),
        ("backup", "-"),
    ],
    ids=" ".join,
)
async def test_who_looks_for_a_data_directory_makes_none(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, printed, said = await run(tmp_path, *command)
    assert (code, printed) == (66, b"")
    assert said.startswith(f"apimonitor: there is no data directory {tmp_path}/data; ")
    assert said.count("\n") == 1
    assert os.listdir(tmp_path) == []


async def test_with_a_postgresql_of_the_users_none_is_needed(
    tmp_path: Path, database_url: str
) -> None:
    given = {"DATABASE_URL": database_url}
    code, printed, _ = await run(tmp_path, "token", "create", **given)
    assert (code, printed[:5]) == (0, b"mtok_")
    code, streamed, said = await run(tmp_path, "backup", "-", **given)
    assert (code, streamed[:5], said) == (0, b"PGDMP", "")
    assert os.listdir(tmp_path) == []
    file = tmp_path / "streamed.dump"
    file.write_bytes(streamed)
    code, _, said = await run(tmp_path, "restore", str(file), **given)
    assert (code, said) == (0, "")
    unknown = str(uuid4())
    for action in ("discard", "retry"):
        code, printed, _ = await run(tmp_path, "deadletter", action, unknown, **given)
        assert (code, printed.decode()) == (1, f"{unknown}\tno such dead letter\n")


@pytest.mark.parametrize(
    ("host", "proxy_host", "is_taken"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("127.0.0.1", "::", True),
        ("127.0.0.1", "127.0.0.2", False),
    ],
)
def test_the_app_and_the_proxy_need_a_port_each(
    host: str, proxy_host: str, is_taken: bool
) -> None:
    given = {
        "PORT": "8123",
        "PROXY_PORT": "8123",
        "APIMONITOR_HOST": host,
        "APIMONITOR_PROXY_HOST": proxy_host,
    }
    if is_taken:
        with pytest.raises(SettingsError, match="PORT and PROXY_PORT are both 8123"):
            load(given)
    else:
        assert load(given).proxy_port == 8123
    # Any free one: two.
    assert load({**given, "PORT": "0", "PROXY_PORT": "0"}).port == 0


async def test_a_health_check_costs_little(database_url: str, tmp_path: Path) -> None:
    async with appliance_on(database_url, tmp_path) as appliance:
        port = appliance.app_url.rsplit(":", 1)[1]
        # The file says where it is, by either name.
        (tmp_path / ".env").write_text(f"PORT={port}\nAPIMONITOR_HOST=0.0.0.0\n")
        assert await run(tmp_path, "healthcheck") == (0, b"", "")
        # And the environment beats it.
        assert (await run(tmp_path, "healthcheck", APIMONITOR_PORT="1"))[0] == 1
    # What reads all settings, and what serves, takes half a second of a core.
    heavy = {"pydantic", "asyncio", "aiohttp", "asyncpg", "uvloop", "http.client"}
    assert not heavy & await imported(tmp_path)


async def imported(directory: Path) -> set[str]:
    """What the command has imported by the time a health check is made."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "import main, sys; print(*sys.modules)"),
        cwd=directory,
        env={"PATH": os.environ["PATH"]},
        stdout=PIPE,
    )
    printed, _ = await process.communicate()
    return set(printed.decode().split())


async def test_a_health_check_says_why_not(tmp_path: Path) -> None:
    code, printed, said = await run(tmp_path, "healthcheck", PORT="1")
    assert (code, printed, said) == (1, b"", "not healthy: Connection refused\n")
    code, _, said = await run(tmp_path, "healthcheck", PORT="soon")
    assert code == 78
    assert said.startswith("apimonitor: PORT: ")
    fields = Settings.model_fields
    assert fields["host"].default == healthcheck.HOST
    assert int(healthcheck.PORT) == fields["port"].default
