"""What a stranger sent is opened, compared and exported: bounded, said and counted."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

from tests.support.replaying import Scene, ok, scene_on

MIB = 1024 * 1024
FEEDS = b"\n" * (8 * MIB)
# What is to be masked is looked for in no more than that; here all is to be stored.
STORED = {"CAPTURE_BODY_LIMIT": str(9 * MIB), "MASKING_NODES": "1000000"}
WIDE = gzip.compress(b"[" + b"1," * MIB + b"1]")


async def recorded(scene: Scene, body: bytes, *fields: str) -> str:
    kind = "application/json" if fields else "text/plain"
    scene.dump.answers = [ok(body, kind, *fields)]
    scene.dump.received.clear()
    return await scene.through_proxy("GET", "/big")


async def opened(scene: Scene, id: str) -> list[str]:
    """All that shows a log; while it is made, the loop does its other work."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    texts = []
    for path in (
        f"/log/{id}",
        f"/replay/{id}",
        f"/v1/logs/{id}",
        f"/v1/logs/{id}/har",
        f"/v1/logs/{id}/curl",
        "/v1/logs.ndjson",
        "/v1/logs.har",
    ):
        answer = await scene.client.get(path)
        assert answer.status_code == 200, path
        texts.append(answer.text)
    turning.cancel()
    assert turns > 1_000
    return texts


async def metric(scene: Scene, name: str, **labels: str) -> float:
    given = ",".join(f'{key}="{value}"' for key, value in labels.items())
    wanted = f"{name}{{{given}}} " if labels else f"{name} "
    text = (await scene.client.get("/metrics")).text
    found = [line for line in text.splitlines() if line.startswith(wanted)]
    return float(found[0].split()[-1]) if found else 0.0


async def test_eight_mib_of_line_feeds_and_two_kib_of_json_are_opened_and_compared(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path, **STORED) as scene:
        id = await recorded(scene, FEEDS)
        scene.dump.answers = [ok(FEEDS[:-1], "text/plain")]
        made = await scene.replay(id)
        comparison: dict[str, Any] = made["comparison"]
        assert comparison["complete"] is False
        assert "not compared past line 100,000" in comparison["notes"]
        page, replay, *_ = await opened(scene, id)
        assert "32,768 characters are shown" in page
        page = (await scene.client.get(f"/log/{id}?whole=1")).text
        assert "524,288 characters are shown" in page
        assert "Not compared past line 100,000." in replay
        listed = (await scene.client.get(f"/v1/logs/{id}/replays")).json()
        assert listed["items"] == [made]
        id = await recorded(scene, WIDE, "Content-Encoding: gzip")
        page = (await scene.client.get(f"/log/{id}")).text
        assert "It is not laid out: more than" in page
        limited = [
            await metric(scene, "apimonitor_work_limited_total", kind=kind)
            for kind in ("comparison", "page", "result")
        ]
        assert min(limited) >= 1
        assert await metric(scene, "apimonitor_helper_processes") == 1.0
        done = {"kind": "detail", "outcome": "done"}
        assert await metric(scene, "apimonitor_helper_tasks_total", **done) >= 1


async def test_where_helpers_fail_bodies_are_shown_raw_and_not_compared(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(
        database_url, tmp_path, HELPER_TIMEOUT_S="0.001", **STORED
    ) as scene:
        said = "takes longer than HELPER_TIMEOUT_S"
        for body, fields in ((FEEDS, ()), (WIDE, ("Content-Encoding: gzip",))):
            id = await recorded(scene, body, *fields)
            made = await scene.replay(id)
            assert made["status"] == "success"
            assert said in made["response_body_problem"]
            comparison = made["comparison"]
            assert comparison["body_kind"] == "unavailable"
            assert comparison["complete"] is False
            assert any(said in note for note in comparison["notes"])
            page, replay, detail, har, _, lines, hars = await opened(scene, id)
            for text in (page, replay, detail, har, lines, hars):
                assert said in text
            listed = (await scene.client.get(f"/v1/logs/{id}/replays")).json()
            assert listed["items"] == [made]
