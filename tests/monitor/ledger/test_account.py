"""What became of each exchange: counted on both ends, over starts and processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from appliance.start.running import Appliance
from tests.faults.scene import frozen
from tests.support.running import appliance_on, client_of, register
from tests.support.serving import COMMAND
from tests.support.stored import settled
from tests.support.upstreams import OK, answering, upstream
from tests.support.workers import scene, workers_of

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"
SMALL = {"SPOOL_LIMIT_BYTES": str(1 << 20)}


@asynccontextmanager
async def running(
    database_url: str, directory: Path, **settings: str
) -> AsyncIterator[tuple[Appliance, httpx.AsyncClient]]:
    async with (
        appliance_on(database_url, directory, **settings) as appliance,
        client_of(appliance) as client,
    ):
        yield appliance, client


async def test_it_counts_by_service_and_over_starts(
    database_url: str, tmp_path: Path
) -> None:
    async with upstream(answering(OK)) as port:
        base_url = f"http://127.0.0.1:{port}"
        async with running(database_url, tmp_path) as (appliance, client):
            one = await register(client, name="one", base_url=base_url)
            quiet = {"name": "two", "base_url": base_url, "is_recording": False}
            two = await register(client, **quiet)
            for path in ("one/a", "one/b", "two/a", "nobody/a"):
                await client.get(f"{appliance.proxy_url}/{path}")
        async with running(database_url, tmp_path) as (appliance, client):
            await client.get(f"{appliance.proxy_url}/one/c")
            ledger = await settled(client)
            metrics = (await client.get("/metrics")).text
    assert (ledger["finished"], ledger["stored"]) == (4, 3)
    assert ledger["dropped"] == {"recording_off": 1}
    assert ledger["unrouted"] == {"no_service": 1}
    assert (ledger["is_closed"], ledger["difference"]) == (True, 0)
    assert ledger["explanation"] is None
    lines = {line["service_id"]: line for line in ledger["services"]}
    assert lines[one["id"]]["finished"] == lines[one["id"]]["stored"] == 3
    assert lines[two["id"]]["finished"] == 1
    assert lines[two["id"]]["service_name"] == "two"
    assert all(line["is_closed"] for line in lines.values())
    assert 'apimonitor_exchanges_finished_total{service="one"} 3.0' in metrics
    assert 'apimonitor_requests_unrouted_total{reason="no_service"} 1.0' in metrics
    assert "apimonitor_records_stored_total 3.0" in metrics
    assert "apimonitor_records_spooled_total 3.0" in metrics
    assert "apimonitor_exchanges_in_flight 0.0" in metrics


async def test_deleting_a_service_and_its_logs_takes_nothing_from_it(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        upstream(answering(OK)) as port,
        running(database_url, tmp_path) as (appliance, client),
    ):
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        for _ in range(3):
            await client.get(f"{appliance.proxy_url}/pay/x")
        await settled(client)
        await client.delete(f"/v1/services/{service['id']}")
        ledger = await settled(client)
        assert (ledger["finished"], ledger["stored"]) == (3, 3)
        assert ledger["is_closed"] is True
        assert ledger["services"][0]["service_name"] is None


async def test_it_is_the_readers_right(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path, ADMIN_PASSWORD="pw-of-tests") as made:
        assert (await made[1].get("/v1/ledger")).status_code == 401
    async with running(database_url, tmp_path) as (_, client):
        assert (await client.get("/v1/ledger?x=1")).status_code == 422


async def test_while_postgresql_is_away_it_says_what_it_knows(tmp_path: Path) -> None:
    async with running(AWAY, tmp_path) as (_, client):
        ledger = (await client.get("/v1/ledger")).json()
    assert ledger["database"] == "away"
    assert ledger["is_closed"] is None
    assert ledger["stored_at"] is None
    assert "could not be asked" in ledger["explanation"]


async def test_a_spool_that_fills_sheds_bodies_then_records_and_closes_after(
    tmp_path: Path,
) -> None:
    """PostgreSQL stands still; what passes is more than the spool may hold."""
    body = b"b" * 20_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"
    async with (
        upstream(answering(head + body)) as port,
        scene(tmp_path, workers=1, port=port, settings=SMALL) as appliance,
    ):
        async with frozen(appliance):
            for _ in range(1200):
                assert (await appliance.through_proxy()).endswith(body)
        for _ in range(600):
            ledger = await appliance.call("/v1/ledger")
            if ledger["is_closed"] and not ledger["spooled"]:
                break
            await asyncio.sleep(0.1)
        assert ledger["finished"] == 1200
        assert ledger["is_closed"] is True
        assert ledger["difference"] == 0
        shed = ledger["bodies_shed"]
        assert shed["successful"] > 0
        assert shed["all"] > 0
        dropped = ledger["dropped"]["spool_full"]
        assert dropped > 0
        assert ledger["stored"] == 1200 - dropped
        # And left again.
        assert (await appliance.through_proxy()).endswith(body)
        for _ in range(600):
            newest = (await appliance.call("/v1/logs?limit=1"))["items"][0]
            detail = await appliance.call(f"/v1/logs/{newest['id']}")
            if not detail["response_body_shed"]:
                break
            await asyncio.sleep(0.1)
        assert detail["response_body"] == body.decode()
        after = await appliance.call("/v1/ledger")
        assert after["bodies_shed"] == shed
        found = await appliance.call("/v1/logs?limit=500")
        bodies = [
            await appliance.call(f"/v1/logs/{item['id']}") for item in found["items"]
        ]
        without = [log for log in bodies if log["response_body_shed"]]
        assert without
        assert all(log["response_body"] is None for log in without)
        assert all(log["response_size"] == 20_000 for log in without)
        assert not any(log["response_body_gone"] for log in without)


async def test_workers_count_together_and_those_that_die_are_not_forgotten(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, workers=2) as appliance:
        for number in range(60):
            if number == 30:
                os.kill(workers_of(appliance)[0], signal.SIGKILL)
            assert (await appliance.through_proxy()).endswith(b"ok")
        for _ in range(1_200):
            ledger = await appliance.call("/v1/ledger")
            if ledger["stored"] == 60:
                break
            await asyncio.sleep(0.05)
        assert (ledger["finished"], ledger["stored"]) == (60, 60)
        assert ledger["is_closed"] is True


async def command(
    database_url: str, directory: Path, *arguments: str
) -> tuple[int | None, list[list[str]]]:
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *("deadletter", *arguments),
        env={
            "PATH": os.environ["PATH"],
            "APIMONITOR_DATA_DIR": str(directory / "data"),
            "APIMONITOR_DATABASE_URL": database_url,
        },
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    return process.returncode, [
        line.split("\t") for line in printed.decode().splitlines()
    ]


async def test_dead_letters_are_listed_tried_again_and_given_up(
    database_url: str, tmp_path: Path
) -> None:
    """All of it beside a running appliance."""
    admin = await asyncpg.connect(database_url)
    refuse = (
        "ALTER TABLE apimonitor.logs ADD CONSTRAINT r CHECK (path NOT LIKE '%bad%')"
    )
    async with (
        upstream(answering(OK)) as port,
        running(database_url, tmp_path) as (appliance, client),
    ):
        await register(client, base_url=f"http://127.0.0.1:{port}")
        await admin.execute(refuse)
        ids = []
        for path in ("bad/1", "good", "bad/2", "bad/3"):
            answer = await client.get(f"{appliance.proxy_url}/pay/{path}")
            ids.append(answer.headers["X-Monitor-Log-Id"])
        ledger = await settled(client)
        assert (ledger["stored"], ledger["dead_letter"]) == (1, 3)
        assert ledger["is_closed"] is True
        assert 'data-condition="dead_letters"' in (await client.get("/")).text
        code, listed = await command(database_url, tmp_path, "list")
        assert code == 0
        assert [line[0] for line in listed] == [ids[0], *ids[2:]]
        assert {tuple(line[2:4]) for line in listed} == {("pay", "CheckViolationError")}

        code, tried = await command(database_url, tmp_path, "retry")
        assert code == 1
        assert {line[1] for line in tried} == {"refused: CheckViolationError"}
        assert await command(database_url, tmp_path, "discard") == (2, [])
        assert (await settled(client))["dead_letter"] == 3

        code, gone = await command(database_url, tmp_path, "discard", ids[3])
        assert (code, gone) == (0, [[ids[3], "discarded"]])
        await admin.execute("ALTER TABLE apimonitor.logs DROP CONSTRAINT r")
        code, tried = await command(database_url, tmp_path, "retry", ids[0])
        assert (code, tried) == (0, [[ids[0], "stored"]])
        code, tried = await command(database_url, tmp_path, "retry")
        assert (code, tried) == (0, [[ids[2], "stored"]])
        assert await command(database_url, tmp_path, "list") == (0, [])
        ledger = await settled(client)
        assert (ledger["stored"], ledger["dead_letter"]) == (3, 0)
        assert ledger["dropped"] == {"discarded": 1}
        assert ledger["is_closed"] is True
        assert (await client.get(f"/v1/logs/{ids[0]}")).status_code == 200
        assert "data-condition" not in (await client.get("/")).text
    await admin.close()
