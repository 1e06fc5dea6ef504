"""Requests from scratch, and one sent many times: what arrives, and what is said."""

from pathlib import Path

from tests.support.replaying import ok, scene_on
from tests.support.running import make_key


async def test_a_request_from_scratch_goes_to_a_registered_service_and_is_a_log(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path) as scene:
        to = {"service_id": scene.service["id"]}

        async def send(status: int = 201, **fields: object) -> dict[str, object]:
            answer = await scene.client.post("/v1/requests", json={**to, **fields})
            assert answer.status_code == status, answer.text
            return answer.json()  # type: ignore[no-any-return]

        made = await send(
            method="put",
            url="/things/a%2Fb?q=1&token=s3cret",
            headers={"X-Odd": "é", "authorization": "Bearer s3cret"},
            body='{"n": 1}',
        )
        head, _, body = scene.dump.received[-1].partition(b"\r\n\r\n")
        assert head.startswith(b"PUT /v2/things/a%2Fb?q=1&token=s3cret HTTP/1.1")
        assert b"authorization: Bearer s3cret" in head
        assert body == b'{"n": 1}'
        assert (made["status"], made["status_code"]) == ("success", 200)
        log = (await scene.client.get(f"/v1/logs/{made['log_id']}")).json()
        assert (log["source"], log["replay_of"]) == ("replay", None)
        assert log["request_headers"]["authorization"] == "***MASKED***"
        assert "s3cret" not in str(log)
        whole = await send(url=f"http://127.0.0.1:{scene.port}/v2/x")
        assert whole["status_code"] == 200
        assert scene.dump.received[-1].startswith(b"GET /v2/x HTTP/1.1")

        count = len(scene.dump.received)
        for field, bad in (
            ("url", {"url": "http://elsewhere.example/"}),
            ("url", {"url": "/a/../../b"}),
            ("url", {"url": "/a b"}),
            ("url", {}),
            ("method", {"url": "/", "method": "CONNECT"}),
            ("headers", {"url": "/", "headers": {"Connection": "x"}}),
            ("headers", {"url": "/", "headers": {"X": "a\r\nb"}}),
            ("service_id", {"url": "/", "service_id": "x"}),
            ("times", {"url": "/", "times": 2}),
        ):
            problem = await send(422, **bad)
            assert problem["errors"][0]["loc"][1] == field, problem  # type: ignore[index]
        assert len(scene.dump.received) == count
        closed = {"base_url": "http://127.0.0.1:1"}
        await scene.client.patch(f"/v1/services/{scene.service['id']}", json=closed)
        failed = await send(url="/x")
        assert (failed["status"], failed["status_code"]) == ("failed", None)
        assert "connect_refused" in str(failed["error"])
        none = {"base_url": None}
        await scene.client.patch(f"/v1/services/{scene.service['id']}", json=none)
        assert "base_url" in str((await send(409, url="/x"))["detail"])
        other = await scene.client.post("/v1/services", json={"name": "other"})
        key = await make_key(scene.client, other.json()["id"])
        bearer = {"Authorization": f"Bearer {key['raw_key']}"}
        refused = await scene.client.post(
            "/v1/requests", json={**to, "url": "/"}, headers=bearer
        )
        assert refused.status_code in (403, 409)


async def test_one_sent_many_times_says_how_the_answers_spread(
    database_url: str, tmp_path: Path
) -> None:
    bounds = {"REPLAY_SERIES_LIMIT": "6", "REPLAY_LIMIT": "3"}
    async with scene_on(database_url, tmp_path, **bounds) as scene:
        id = await scene.through_proxy("POST", "/pay", content=b"x")
        broken = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
        scene.dump.answers += [*[ok(b'{"ok":true}')] * 3, broken, ok(b"other"), broken]
        at = f"/v1/logs/{id}/replay/series"
        answer = await scene.client.post(
            at, json={"count": 6, "concurrency": 3, "override_body": "y"}
        )
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert len(scene.dump.received) == 7
        assert all(one.endswith(b"\r\n\r\ny") for one in scene.dump.received[1:])
        assert (made["count"], made["concurrency"], made["sent"]) == (6, 3, 6)
        # Each connection of the upstream counts for all.
        assert made["statuses"] == {"200": 4, "503": 2}
        assert [one["count"] for one in made["answers"]] == [3, 2, 1]
        spread = made["latency_ms"]
        assert 0 < spread["min"] <= spread["median"] <= spread["max"]
        listed = (await scene.client.get(f"/v1/logs/{id}/replays")).json()
        assert listed["total"] == 6
        assert {one["comparison"] for one in listed["items"]} == {None}
        assert {one["id"] for one in made["items"]} == {
            one["id"] for one in listed["items"]
        }
        for fields, name in (
            ({"count": 7}, "count"),
            ({"count": 0}, "count"),
            ({"count": 2, "concurrency": 4}, "concurrency"),
            ({}, "count"),
        ):
            refused = await scene.client.post(at, json=fields)
            assert refused.status_code == 422, refused.text
            assert refused.json()["errors"][0]["loc"][-1] == name


async def test_a_request_from_scratch_is_sent_many_times_within_the_same_bounds(
    database_url: str, tmp_path: Path
) -> None:
    bounds = {"REPLAY_SERIES_LIMIT": "5", "REPLAY_LIMIT": "2"}
    async with scene_on(database_url, tmp_path, **bounds) as scene:
        broken = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
        scene.dump.answers += [ok(b'{"n":1}'), ok(b'{"n":2}'), broken, ok(b'{"n":1}')]
        new = {
            "service_id": scene.service["id"],
            "method": "POST",
            "url": "/pay?token=s3cret",
            "headers": {"X-Odd": "1"},
            "body": "y",
        }
        at = "/v1/requests/series"
        answer = await scene.client.post(at, json={**new, "count": 5, "concurrency": 2})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["count"], made["concurrency"], made["sent"]) == (5, 2, 5)
        assert made["statuses"] == {"200": 4, "503": 1}
        assert [one["count"] for one in made["answers"]] == [2, 1, 1, 1]
        assert made["varies"]["body"], made["varies"]
        assert len(scene.dump.received) == 5
        for sent in scene.dump.received:
            assert sent.startswith(b"POST /v2/pay?token=s3cret HTTP/1.1")
            assert b"X-Odd: 1" in sent and sent.endswith(b"\r\n\r\ny")
        # Each is a log like any other, masked, and the samples are among them.
        ids = {one["log_id"] for one in made["items"]}
        listed = (await scene.client.get("/v1/logs?source=replay")).json()["items"]
        assert ids == {one["id"] for one in listed} and len(ids) == 5
        assert {one["log_id"] for one in made["answers"]} < ids
        assert "s3cret" not in str(listed)
        for fields, name in (
            ({"count": 6}, "count"),
            ({"count": 0}, "count"),
            ({"count": 2, "concurrency": 3}, "concurrency"),
            ({}, "count"),
            ({"count": 2, "url": "http://elsewhere.example/"}, "url"),
        ):
            refused = await scene.client.post(at, json={**new, **fields})
            assert refused.status_code == 422, refused.text
            assert refused.json()["errors"][0]["loc"][-1] == name
        assert len(scene.dump.received) == 5
