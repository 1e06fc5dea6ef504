"""Where settings come from, and which of two wins."""

import asyncio
import re
import signal
from pathlib import Path

import pytest

from monitor.settings import Settings, SettingsError, legacy_names, load
from tests.support.patience import PATIENCE_S
from tests.support.serving import COMMAND, Served


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_gives_settings_by_either_name() -> None:
    Path(".env").write_text(
        '# for the test\nexport PORT=18001\nAPIMONITOR_POOL_SIZE="7"\nOTHER=1\n'
        "APIMONITOR_AUTH=\n"
    )
    settings = load({})
    assert (settings.port, settings.pool_size, settings.auth) == (18001, 7, None)


def test_the_environment_beats_the_file_by_either_name() -> None:
    Path(".env").write_text("APIMONITOR_PORT=18001\nPROXY_PORT=18002\n")
    settings = load({"PORT": "18003", "APIMONITOR_PROXY_PORT": "18004"})
    assert (settings.port, settings.proxy_port) == (18003, 18004)


def test_the_prefixed_name_beats_the_bare_one() -> None:
    assert load({"APIMONITOR_PORT": "18001", "PORT": "18002"}).port == 18001
    assert load({"APIMONITOR_PORT": "", "PORT": "18002"}).port == 18002


@pytest.mark.parametrize("content", [b"APIMONITOR_NOPE=1\n", b"PORT=x\n", b"\xff\xfe"])
def test_a_bad_file_is_refused(content: bytes) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(SettingsError, match=r"APIMONITOR_NOPE|PORT|\.env"):
        load({})


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_database_is_named_by_each_scheme(scheme: str) -> None:
    database = load({"DATABASE_URL": f"{scheme}://u:p%2F@h:5/d"}).database_url
    assert database is not None
    assert database.get_secret_value() == "postgresql://u:p%2F@h:5/d"


@pytest.mark.parametrize(
    "rest", ["/d?host=/run/pg", "u@%2Frun%2Fpg/d", "[::1]:5/d", "a:1,b:2/d", "u@/d", ""]
)
def test_a_database_is_where_the_library_finds_it(rest: str) -> None:
    assert load({"DATABASE_URL": f"postgresql://{rest}"}).database_url is not None


def test_links_lead_where_people_reach_the_pages() -> None:
    given = {"APIMONITOR_PUBLIC_URL": "https://m.example/api/", "PORT": "18001"}
    assert load(given).linked_url == "https://m.example/api"
    assert load({"PORT": "18001"}).linked_url == "http://localhost:18001"
    assert load({"PORT": "0"}).linked_url is None
    elsewhere = {"APIMONITOR_HOST": "0.0.0.0", "ADMIN_PASSWORD": "x" * 12}
    assert load(elsewhere).linked_url is None


@pytest.mark.parametrize(
    "url", ["m.example", "ftp://m.example", "https://u@m.example", "https://m/?a=1"]
)
def test_an_address_that_no_link_could_begin_with_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^PUBLIC_URL: "):
        load({"APIMONITOR_PUBLIC_URL": url})


def test_settings_of_the_former_product_are_known_from_both() -> None:
    Path(".env").write_text("FRONTEND_DIR=x\n")
    with pytest.MonkeyPatch.context() as given:
        given.setenv("DATABASE_SYNC_URL", "x")
        assert legacy_names() == ["DATABASE_SYNC_URL", "FRONTEND_DIR"]


async def test_settings_of_the_former_product_are_ignored_with_a_line(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("FRONTEND_DIR=x\n")
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "serve",
        env={**Served(tmp_path / "data").environment, "DATABASE_SYNC_URL": "hush"},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert (await process.stdout.readline()) == b"API Monitor is ready.\n"
    process.send_signal(signal.SIGTERM)
    _, said = await process.communicate()
    assert process.returncode == 0
    for name in (b"DATABASE_SYNC_URL", b"FRONTEND_DIR"):
        assert b'product is ignored","setting":"' + name in said
    assert b"hush" not in said


async def test_the_list_shows_no_secret_and_may_be_cut(tmp_path: Path) -> None:
    environment = {
        **Served(tmp_path / "data").environment,
        "ADMIN_PASSWORD": "hush",
        "SECRET_KEY": "hush" * 8,
        "DATABASE_URL": "postgresql://u:hush@h/d",
    }
    for cut in ("", "| head -n 1"):
        process = await asyncio.create_subprocess_shell(
            f"{COMMAND} settings {cut}",
            env=environment,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, said = await process.communicate()
        assert printed.startswith(b"DATABASE_URL\n")
        assert b"hush" not in printed
        assert said == b""


# Of the container, whatever .env says.
OF_THE_CONTAINER = {
    "database_url": "postgresql://db:5432",
    "data_dir": "/data",
    "host": "0.0.0.0",
    "port": "8000",
    "proxy_host": "0.0.0.0",
    "proxy_port": "8080",
}


def composed(given: dict[str, str]) -> dict[str, str]:
    """What the appliance's container is given where .env has *given*."""
    text = (Path(__file__).parents[2] / "docker-compose.yml").read_text()
    backend = text.split("\n  backend:\n")[1].split("\n    extra_hosts:")[0]
    lines = re.findall(r'^      (\w+): "?([^"\n]*)"?$', backend, re.MULTILINE)
    replaced = re.compile(r"\$\{(\w+):-(\w*)\}")
    return {
        name: replaced.sub(lambda found: given.get(found[1]) or found[2], value)
        for name, value in lines
    }


def test_every_setting_reaches_the_container_of_compose() -> None:
    plain = composed({})
    for field in Settings.model_fields:
        name = f"APIMONITOR_{field.upper()}"
        if field in OF_THE_CONTAINER:
            assert plain[name] == OF_THE_CONTAINER[field]
            assert composed({name: "else"})[name] == plain[name]
        elif field != "pg_bin":
            assert composed({name: "given"})[name] == "given", name
    assert not load(plain).is_closed
    for name in ("ADMIN_PASSWORD", "APIMONITOR_ADMIN_PASSWORD"):
        assert load(composed({name: "hush"})).is_closed
    changed = load(composed({"APIMONITOR_RETENTION_DAYS": "3"}))
    assert changed.retention_days == 3
    assert changed.model_copy(update={"retention_days": 30}) == load(plain)


def test_a_database_password_of_compose_is_no_part_of_the_url() -> None:
    given = composed({"POSTGRES_PASSWORD": "p@/#%:"})
    assert given["PGPASSWORD"] == "p@/#%:"
    assert load(given).database_url == load(composed({})).database_url
