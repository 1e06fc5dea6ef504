"""What the bench pushes is what it says, and all of it is taken and stored."""

import asyncio
import json
from pathlib import Path

from bench.corpus.logs import FIELD_RULES, archive, lines, logs
from tests.support.running import appliance_on, bearer, client_of, make_key, register


def test_logs_are_of_a_kilobyte_and_twelve_fields_and_all_differ() -> None:
    pushed = logs(1000)
    sizes = [len(line) for line in lines(pushed).splitlines()]
    assert len(sizes) == len(set(lines(pushed).splitlines())) == 1000
    assert 980 < sum(sizes) / 1000 < 1050
    assert {len(log) for log in pushed} == {12}
    assert len(json.loads(archive(pushed))["log"]["entries"]) == 1000


async def test_batches_single_logs_and_archives_are_taken_and_stored(
    database_url: str, tmp_path: Path
) -> None:
    pushed = logs(300)
    json_lines = {"Content-Type": "application/x-ndjson"}
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        plain = await register(client, name="pushed")
        ruled = await register(client, name="ruled", redact_fields=FIELD_RULES)
        for service in (plain, ruled):
            key = bearer((await make_key(client, service["service_id"]))["raw_key"])
            batch = await client.post(
                "/v1/logs/batch", content=lines(pushed), headers=key | json_lines
            )
            assert (batch.status_code, batch.json()["accepted"]) == (201, 300)
            har = await client.post(
                "/v1/logs/import/har?shift=now",
                content=archive(pushed),
                headers=key | {"Content-Type": "application/json"},
            )
            assert (har.status_code, har.json()["accepted"]) == (201, 300), har.text
            answers = await asyncio.gather(
                *(client.post("/v1/logs", json=log, headers=key) for log in pushed[:64])
            )
            assert {answer.status_code for answer in answers} == {201}
            query = {"service_id": service["service_id"]}
            metrics = (await client.get("/v1/metrics", params=query)).json()
            assert metrics["total_requests"] == 664
        text = (await client.get("/v1/logs.ndjson", params=query)).text
    # Of the service with rules.
    for log in pushed:
        assert json.loads(log["request_body"])["card"]["number"] not in text
        assert log["request_headers"]["Authorization"] not in text
