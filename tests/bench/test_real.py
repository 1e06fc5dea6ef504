"""Real exchanges pass through the whole appliance, each answered right and stored."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.asking import asked, wrong_answers
from bench.contenders import Contender, Sending, load
from bench.corpus.corpus import corpus
from bench.corpus.exchange import ANSWER_ID, Exchange, Kind
from bench.corpus.script import failing, write_script
from bench.corpus.upstream import answering
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port
from tests.support.programs import need
from tests.support.running import appliance_on, client_of, register


@asynccontextmanager
async def shop(
    database_url: str, folder: Path, exchanges: tuple[Exchange, ...]
) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """The appliance in front of the corpus's upstream: a client, the proxy's port."""
    need("nginx", "nginx-light")
    # Its worker, where root starts it, is another user.
    for each in (folder, *folder.parents[:-2]):
        each.chmod(each.stat().st_mode | 0o055)
    port = free_port()
    async with appliance_on(database_url, folder) as appliance:
        with answering(exchanges, folder, port=port):
            async with client_of(appliance) as client:
                await register(client, name="shop", base_url=f"http://127.0.0.1:{port}")
                proxy = urlsplit(appliance.proxy_url).port
                assert proxy is not None
                yield client, proxy


async def stored(client: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(2 * PATIENCE_S):
        while True:
            ledger = (await client.get("/v1/ledger")).json()
            if ledger["stored"] >= count and not ledger["spooled"]:
                break
            await asyncio.sleep(0.1)
    assert ledger["is_closed"], ledger
    lines = (await client.get("/v1/logs.ndjson")).text.splitlines()
    return [json.loads(line) for line in lines]


def content_of(log: dict[str, Any], exchange: Exchange) -> bytes:
    id = log["response_headers"]["X-Request-Id"]
    return exchange.answer.content.replace(ANSWER_ID, id.encode())


async def test_each_is_answered_right_and_stored_as_it_passed(
    database_url: str, tmp_path: Path
) -> None:
    exchanges = corpus(1000)
    async with shop(database_url, tmp_path, exchanges) as (client, port):
        host = "shop.localhost"
        wrong = await asyncio.to_thread(wrong_answers, port, host, exchanges)
        assert wrong == []
        logs = await stored(client, len(exchanges))
        requests = [exchange.request(host, "0" * 16) for exchange in exchanges[:100]]
        taken = await asyncio.to_thread(asked, port, requests, per_second=1000)
        assert len(await stored(client, 1100)) == 1000 + len(taken) == 1100
    kinds = Counter((e.method, e.answer.status) for e in exchanges)
    assert Counter((log["method"], log["status_code"]) for log in logs) == kinds
    # Newest first, and they were sent one after the other.
    for log, exchange in zip(logs, reversed(exchanges), strict=True):
        assert log["path"] == exchange.target.partition("?")[0]
        if exchange.answer.kind not in (Kind.NOT_MODIFIED, Kind.SIGNED_IN):
            assert log["response_body"].encode() == content_of(log, exchange)
    expect_no_credentials(json.dumps(logs), exchanges)


def expect_no_credentials(text: str, exchanges: tuple[Exchange, ...]) -> None:
    secrets = {
        value
        for exchange in exchanges
        for name, value in exchange.fields
        if name in ("Authorization", "Cookie", "X-Api-Key")
    } | {
        json.loads(exchange.body)["password"]
        for exchange in exchanges
        if exchange.answer.kind is Kind.SIGNED_IN
    }
    assert [secret for secret in secrets if secret in text] == []
    assert "at_" not in text


async def test_wrk_sends_them_in_order_and_each_with_an_id_of_its_own(
    database_url: str, tmp_path: Path
) -> None:
    need("wrk", "wrk")
    exchanges = corpus(1000)
    async with shop(database_url, tmp_path, exchanges) as (client, port):
        host = f"shop.localhost:{port}"

        def sending() -> Sending:
            script = write_script(exchanges, tmp_path, host=host, first=4000)
            return Sending(
                script=script,
                errors_of=lambda count: failing(exchanges, 4000, count),
            )

        contender = Contender(
            name="ours", host="shop.localhost", port=port, pids=list, sending=sending
        )
        answered = await asyncio.to_thread(load, contender, seconds=1)
        logs = await stored(client, answered.requests)
    assert len(logs) >= answered.requests > 0
    ids = Counter(log["request_headers"].get("X-Request-Id") for log in logs)
    del ids[None]
    assert set(ids.values()) == {1}
    sent = Counter(exchange.target.partition("?")[0] for exchange in exchanges)
    assert {log["path"] for log in logs} <= sent.keys()
