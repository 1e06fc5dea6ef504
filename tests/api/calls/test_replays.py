"""Replays: what is sent, what is refused, what is stored, how answers compare."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.support.connections import answer_to, port_of
from tests.support.replaying import Dump, Scene, ok, scene_on
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import on_socket, upstream


@pytest_asyncio.fixture
async def scene(database_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_on(database_url, tmp_path) as made:
        yield made


async def test_a_replay_arrives_byte_for_byte_but_for_what_is_declared(
    scene: Scene,
) -> None:
    """Seen on the upstream's raw socket."""
    id = await scene.through_proxy(
        "POST",
        "/a%2Fb//c;d?x=%20&y=&&y=2",
        content=b"\x00\xff raw",
        headers=[
            ("X-B", "2"),
            ("x-a", "caf\u00e9".encode("latin-1")),
            ("X-B", "3"),
            ("Accept-Encoding", "br"),
            ("Connection", "x-hop"),
            ("X-Hop", "of the client's connection"),
        ],
    )
    made = await scene.replay(id)
    first, second = scene.dump.received
    assert made["status"] == "success"
    assert made["omitted_headers"] == []
    assert second.split(b"\r\n")[0] == b"POST /v2/a%2Fb//c;d?x=%20&y=&&y=2 HTTP/1.1"
    assert _sent(second) == _sent(first)
    assert b"x-a: caf\xe9" in second
    assert second.endswith(b"\r\n\r\n\x00\xff raw")


def _sent(request: bytes) -> list[bytes]:
    """The lines of a request but for those that the proxy adds for each hop."""
    added = (b"x-forwarded", b"forwarded", b"via", b"host", b"content-length")
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(added)]
    return [*lines, body]


async def test_a_replay_is_a_log_linked_to_the_original(scene: Scene) -> None:
    id = await scene.through_proxy("GET", "/charge?a=1")
    made = await scene.replay(id)
    log = await scene.log(made["replay_log_id"])
    assert log["source"] == "replay"
    assert log["replay_of"] == id
    assert "monitor" not in str(log["request_headers"]).lower()
    assert log["url"] == f"http://127.0.0.1:{scene.port}/v2/charge?a=1"
    assert made["log_id"] == id
    assert made["status_code"] == 200
    assert made["response_body"] == '{"ok":true}'
    assert made["response_headers"]["Content-Type"] == "application/json"
    assert made["error"] is None
    assert made["latency_ms"] == log["latency_ms"]
    listed = (await scene.client.get(f"/v1/logs/{id}/replays")).json()
    assert listed["total"] == 1
    assert listed["items"] == [made]
    metrics = (await scene.client.get("/v1/metrics")).json()
    assert metrics["total_requests"] == 1


async def test_a_forged_link_is_ignored_and_never_forwarded(scene: Scene) -> None:
    id = await scene.through_proxy("GET", "/", headers={"X-Monitor-Replay": "forged"})
    log = await scene.log(id)
    assert (log["source"], log["replay_of"]) == ("proxy", None)
    assert b"monitor" not in scene.dump.received[0].lower().split(b"via:")[0]


async def test_each_part_can_be_overridden(scene: Scene) -> None:
    id = await scene.through_proxy(
        "POST", "/a?x=1", content=b"old", headers={"X-Keep": "1", "X-Gone": "1"}
    )
    await scene.replay(
        id,
        override_method="put",
        override_url=f"http://127.0.0.1:{scene.port}/v2/b?y=2",
        override_headers={"x-keep": "2", "X-GONE": None, "X-New": "n"},
        override_body="n\u00e9w",
    )
    head, _, body = scene.dump.received[-1].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /v2/b?y=2 HTTP/1.1\r\n")
    assert b"X-Keep: 2" in head
    assert b"X-New: n" in head
    assert b"gone" not in head.lower()
    assert body == "n\u00e9w".encode()


async def test_an_empty_body_of_the_call_is_no_override(scene: Scene) -> None:
    id = await scene.through_proxy("GET", "/a")
    answer = await scene.client.post(f"/v1/logs/{id}/replay")
    assert answer.status_code == 201
    assert len(scene.dump.received) == 2


async def test_masked_headers_are_left_out_and_named(scene: Scene) -> None:
    secret = {"Authorization": "Bearer s3cret", "X-Api-Key": "s3cret", "X-Ok": "1"}
    id = await scene.through_proxy("GET", "/a", headers=secret)
    made = await scene.replay(id)
    sent = scene.dump.received[-1].lower()
    assert sorted(made["omitted_headers"]) == ["Authorization", "X-Api-Key"]
    assert b"authorization" not in sent
    assert b"masked" not in sent
    assert b"x-ok: 1" in sent
    await scene.replay(id, override_headers={"authorization": "Bearer other"})
    assert b"Authorization: Bearer other" in scene.dump.received[-1]


async def test_what_is_masked_or_gone_is_409_unless_overridden(scene: Scene) -> None:
    path = f"/v1/services/{scene.service['id']}"
    await scene.client.patch(path, json={"redact_fields": ["$.card"], "body_limit": 64})
    url = await scene.through_proxy("GET", "/a?token=s3cret")
    masked = await scene.through_proxy("POST", "/a", json={"card": "4242"})
    cut = await scene.through_proxy("POST", "/a", content=b"x" * 100)
    assert "override_url" in (await scene.replay(url, 409))["detail"]
    assert "masked" in (await scene.replay(masked, 409))["detail"]
    assert "in part" in (await scene.replay(cut, 409))["detail"]
    whole = f"http://127.0.0.1:{scene.port}/v2/a?token=other"
    await scene.replay(url, override_url=whole)
    await scene.replay(masked, override_body='{"card": "1"}')
    await scene.replay(cut, override_body="")
    assert scene.dump.received[-3].startswith(b"GET /v2/a?token=other ")
    assert scene.dump.received[-2].endswith(b'{"card": "1"}')


async def test_a_coded_body_goes_as_it_came_and_an_override_uncoded(
    scene: Scene,
) -> None:
    coded = gzip.compress(b'{"a": 1}', mtime=0)
    id = await scene.through_proxy(
        "POST", "/a", content=coded, headers={"Content-Encoding": "gzip"}
    )
    await scene.replay(id)
    assert scene.dump.received[-1].endswith(coded)
    assert b"content-encoding: gzip" in scene.dump.received[-1].lower()
    await scene.replay(id, override_body="{}")
    assert b"content-encoding" not in scene.dump.received[-1].lower()


async def test_only_registered_services_are_targets(scene: Scene) -> None:
    id = await scene.through_proxy("GET", "/a")
    for url in (
        "http://169.254.169.254/latest",
        f"http://127.0.0.1:{scene.port}/v2x/a",
        f"http://127.0.0.1:{scene.port}/",
        f"https://127.0.0.1:{scene.port}/v2/a",
        f"http://user@127.0.0.1:{scene.port}/v2/a",
        "ftp://127.0.0.1/v2/a",
        "/v2/a",
        "http://[::1/v2",
        "http:///v2",
        f"http://127.0.0.1:{scene.port}/v2/a b",
        f"http://127.0.0.1:{scene.port}/v2/../admin",
        f"http://127.0.0.1:{scene.port}/v2/%2e%2E/admin",
        f"http://127.0.0.1:{scene.port}/v2/a/..%2f..%2fadmin",
        f"http://127.0.0.1:{scene.port}/v2/a/..\\..\\admin",
        f"http://127.0.0.1:{scene.port}/v2//..;x=1/../admin",
    ):
        problem = await scene.replay(id, 422, override_url=url)
        assert problem["errors"][0]["loc"] == ["body", "override_url"], url
    assert len(scene.dump.received) == 1
    assert (
        "register"
        in (await scene.replay(id, 422, override_url="http://x/"))["errors"][0]["msg"]
    )


async def test_the_longest_base_path_wins_and_a_tie_is_422(scene: Scene) -> None:
    origin = f"http://127.0.0.1:{scene.port}"
    id = await scene.through_proxy("GET", "/a")
    short = await register(scene.client, name="short", base_url=f"{origin}/o")
    long = await register(scene.client, name="long", base_url=f"{origin}/o/p/")
    made = await scene.replay(id, override_url=f"{origin}/o/p/q?r")
    assert made["service_id"] == long["id"]
    assert scene.dump.received[-1].startswith(b"GET /o/p/q?r ")
    made = await scene.replay(id, override_url=f"{origin}/o/px")
    assert made["service_id"] == short["id"]
    await register(scene.client, name="twin", base_url=f"{origin}/o/p")
    problem = await scene.replay(id, 422, override_url=f"{origin}/o/p/q")
    assert "long and twin" in problem["errors"][0]["msg"]


async def test_a_log_is_replayed_to_another_service_below_its_own_base_path(
    scene: Scene,
) -> None:
    other = Dump([ok(b'{"ok":false}')])
    async with upstream(other) as port:
        staging = await register(
            scene.client, name="staging", base_url=f"http://127.0.0.1:{port}/next"
        )
        id = await scene.through_proxy("GET", "/a/b?c=1")
        made = await scene.replay(id, service_id=staging["id"])
        assert other.received[0].startswith(b"GET /next/a/b?c=1 HTTP/1.1\r\n")
        assert made["service_id"] == staging["id"]
        assert made["comparison"]["body"] == [
            {
                "path": "$.ok",
                "kind": "changed",
                "left": True,
                "right": False,
                "volatile": False,
            }
        ]
        log = await scene.log(made["replay_log_id"])
        assert log["service_id"] == staging["id"]
    url = f"http://127.0.0.1:{scene.port}/v2/a"
    await scene.replay(id, 422, service_id=staging["id"], override_url=url)


async def test_a_service_without_a_base_url_is_409(scene: Scene) -> None:
    bare = await register(scene.client, name="bare")
    key = await make_key(scene.client, bare["id"])
    pushed = await scene.client.post(
        "/v1/logs", json=LOG, headers=bearer(key["raw_key"])
    )
    assert "base_url" in (await scene.replay(pushed.json()["id"], 409))["detail"]
    id = await scene.through_proxy("GET", "/a")
    assert "base_url" in (await scene.replay(id, 409, service_id=bare["id"]))["detail"]
    unknown = await scene.replay(id, 422, service_id=str(uuid4()))
    assert unknown["errors"][0]["loc"] == ["body", "service_id"]


async def test_a_key_replays_within_its_own_service_only(scene: Scene) -> None:
    origin = f"http://127.0.0.1:{scene.port}"
    other = await register(scene.client, name="other", base_url=f"{origin}/other")
    id = await scene.through_proxy("GET", "/a")
    mine = bearer((await make_key(scene.client, scene.service["id"]))["raw_key"])
    foreign = bearer((await make_key(scene.client, other["id"]))["raw_key"])
    path = f"/v1/logs/{id}/replay"
    for headers, body, status in (
        (mine, {}, 201),
        (foreign, {}, 403),
        (mine, {"service_id": other["id"]}, 403),
        (mine, {"override_url": f"{origin}/other/x"}, 403),
        (bearer("mkey_unknown"), {}, 401),
    ):
        answer = await scene.client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
    assert len(scene.dump.received) == 2


async def test_a_closed_appliance_asks_for_the_right_to_replay(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD="pw-of-tests") as appliance,
        client_of(appliance) as client,
    ):
        for method, path in (("POST", "replay"), ("GET", "replays")):
            answer = await client.request(method, f"/v1/logs/{uuid4()}/{path}")
            assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"override_headers": {"X": "a\r\nb"}}, ["override_headers", "X"]),
        ({"override_headers": {"X": "a\x01b"}}, ["override_headers", "X"]),
        ({"override_headers": {"X Y": "a"}}, ["override_headers", "X Y", "[key]"]),
        (
            {"override_headers": {"Content-Length": "1"}},
            ["override_headers", "Content-Length", "[key]"],
        ),
        (
            {"override_headers": {"transfer-encoding": None}},
            ["override_headers", "transfer-encoding", "[key]"],
        ),
        (
            {"override_headers": {"Connection": "close"}},
            ["override_headers", "Connection", "[key]"],
        ),
        (
            {"override_headers": {"X-Monitor-Service": "a"}},
            ["override_headers", "X-Monitor-Service", "[key]"],
        ),
        ({"override_headers": {"a": "1", "A": "2"}}, ["override_headers"]),
        ({"override_headers": {"a": 1}}, ["override_headers", "a"]),
        ({"override_headers": []}, ["override_headers"]),
        ({"override_method": "A B"}, ["override_method"]),
        ({"override_method": "CONNECT"}, ["override_method"]),
        ({"override_method": ""}, ["override_method"]),
        ({"override_body": {}}, ["override_body"]),
        ({"service_id": "x"}, ["service_id"]),
        ({"override_path": "/"}, ["override_path"]),
    ],
)
async def test_bad_overrides_are_422_and_nothing_is_sent(
    scene: Scene, body: dict[str, Any], loc: list[str]
) -> None:
    id = await scene.through_proxy("GET", "/a")
    problem = await scene.replay(id, 422, **body)
    assert problem["errors"][0]["loc"] == ["body", *loc], problem
    assert len(scene.dump.received) == 1


async def test_what_is_not_there_is_404(scene: Scene) -> None:
    await scene.replay(str(uuid4()), 404)
    assert (await scene.client.get(f"/v1/logs/{uuid4()}/replays")).status_code == 404
    assert (await scene.client.post("/v1/logs/x/replay")).status_code == 422


async def test_only_an_upgrade_is_409_not_the_offer_of_one(scene: Scene) -> None:
    headers = {"Connection": "upgrade", "Upgrade": "websocket"}
    id = await scene.through_proxy("GET", "/a", headers=headers)
    assert (await scene.replay(id))["status"] == "success"
    assert b"upgrade" not in scene.dump.received[-1].lower()
    page = (await scene.client.get(f"/replay/{id}")).text
    assert "upgraded connection" not in page
    pushed = await scene.client.post(
        "/v1/logs",
        json={**LOG, "url": f"http://127.0.0.1:{scene.port}/v2/a", "status_code": 101},
        headers=bearer((await make_key(scene.client, scene.service["id"]))["raw_key"]),
    )
    refused = await scene.replay(pushed.json()["id"], 409)
    assert "upgraded" in refused["detail"]


async def test_an_override_that_is_the_mask_is_left_out_and_overrides_are_told(
    scene: Scene,
) -> None:
    id = await scene.through_proxy("GET", "/a?b=1", headers={"X-Gone": "1"})
    url = f"http://127.0.0.1:{scene.port}/v2/a?token=t0p&c=1"
    made = await scene.replay(
        id,
        override_headers={
            "Authorization": "***MASKED***",
            "X-Api-Key": "s3cret",
            "X-A": "1",
            "x-gone": None,
        },
        override_url=url,
        override_body="hello",
    )
    sent = scene.dump.received[-1]
    assert b"MASKED" not in sent
    assert b"X-Api-Key: s3cret" in sent
    assert made["omitted_headers"] == ["Authorization"]
    assert made["overridden"] == {
        "method": None,
        "url": url.replace("t0p", "***MASKED***"),
        "headers": {
            "Authorization": "***MASKED***",
            "X-Api-Key": "***MASKED***",
            "X-A": "1",
            "x-gone": None,
        },
        "body_size": 5,
    }
    assert "s3cret" not in str(made)
    listed = (await scene.client.get(f"/v1/logs/{id}/replays")).json()
    assert listed["items"] == [made]
    page = (await scene.client.get(f"/replay/{id}")).text
    assert "Overridden" in page
    masked = await scene.replay(id, 409, override_url=f"{url}***MASKED***")
    assert "override_url holds a masked value" in masked["detail"]


async def test_a_target_that_does_not_answer_is_failed_and_a_log(scene: Scene) -> None:
    id = await scene.through_proxy("GET", "/a")
    path = f"/v1/services/{scene.service['id']}"
    await scene.client.patch(path, json={"base_url": "http://127.0.0.1:1/v2"})
    url = "http://127.0.0.1:1/v2/a"
    made = await scene.replay(id, override_url=url)
    assert (made["status"], made["status_code"]) == ("failed", None)
    assert made["error"].startswith("connect_refused")
    assert made["comparison"] is None
    log = await scene.log(made["replay_log_id"])
    assert (log["source"], log["status_code"]) == ("replay", 502)


async def test_a_redirect_is_recorded_and_not_followed(scene: Scene) -> None:
    scene.dump.answers = [
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    ]
    id = await scene.through_proxy("GET", "/a")
    made = await scene.replay(id)
    assert (made["status"], made["status_code"]) == ("success", 302)
    assert len(scene.dump.received) == 2


async def test_an_endless_answer_is_cut_after_the_replay_timeout(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path, REPLAY_TIMEOUT_S="3") as scene:
        id = await scene.through_proxy("GET", "/a")
        scene.dump.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
        made = await scene.replay(id)
        assert (made["status"], made["status_code"]) == ("success", 200)
        assert made["error"].startswith("replay_timeout")
        assert made["response_body"] == "half"
        log = await scene.log(made["replay_log_id"])
        assert log["error"].startswith("client_disconnect")


async def test_a_replay_that_is_given_up_before_an_answer_has_its_log(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path, REPLAY_TIMEOUT_S="3") as scene:
        id = await scene.through_proxy("GET", "/a")
        scene.dump.answers = [b""]
        made = await scene.replay(id)
        assert (made["status"], made["status_code"]) == ("failed", None)
        log = await scene.log(made["replay_log_id"])
        assert log["error"].startswith("client_disconnect")
        assert log["status_code"] is None


async def test_more_than_the_limit_at_once_are_429(
    database_url: str, tmp_path: Path
) -> None:
    options = {"REPLAY_TIMEOUT_S": "5", "REPLAY_LIMIT": "1"}
    async with scene_on(database_url, tmp_path, **options) as scene:
        id = await scene.through_proxy("GET", "/a")
        scene.dump.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
        first = asyncio.create_task(scene.replay(id))
        for _ in range(6_000):
            if len(scene.dump.received) == 2:
                break
            await asyncio.sleep(0.01)
        answer = await scene.client.post(f"/v1/logs/{id}/replay", json={})
        assert answer.status_code == 429
        assert "Retry-After" in answer.headers
        assert (await first)["status"] == "success"


async def test_a_service_that_is_not_recorded_is_answered_and_masked(
    scene: Scene,
) -> None:
    id = await scene.through_proxy("GET", "/a")
    path = f"/v1/services/{scene.service['id']}"
    await scene.client.patch(
        path, json={"is_recording": False, "redact_fields": ["$.pin"]}
    )
    scene.dump.answers = [
        ok(b'{"ok":true,"pin":"1234"}', "application/json", "Set-Cookie: s=s3cret")
    ]
    made = await scene.replay(id)
    assert made["replay_log_id"] is None
    assert json.loads(made["response_body"]) == {"ok": True, "pin": "***MASKED***"}
    assert made["response_headers"]["Set-Cookie"] == "***MASKED***"
    assert "s3cret" not in json.dumps(made)


async def test_an_ingested_log_is_replayed(scene: Scene) -> None:
    key = await make_key(scene.client, scene.service["id"])
    log = {
        "method": "POST",
        "url": f"http://127.0.0.1:{scene.port}/v2/caf\u00e9?q=\u00fc",
        "path": "/v2/caf\u00e9",
        "request_headers": {
            "Content-Type": "text/plain",
            "Authorization": "secret",
            "X-Many": ["1", 2],
            "X-Flag": True,
            "Bad Name": "x",
            "X-Bad": "a\nb",
            "Content-Length": "999",
        },
        "request_body": "hello",
    }
    pushed = await scene.client.post(
        "/v1/logs", json=log, headers=bearer(key["raw_key"])
    )
    made = await scene.replay(pushed.json()["id"])
    head, _, body = scene.dump.received[-1].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v2/caf%C3%A9?q=%C3%BC HTTP/1.1\r\n")
    assert body == b"hello"
    assert b"X-Many: 1\r\nX-Many: 2\r\nX-Flag: true" in head
    assert sorted(made["omitted_headers"]) == ["Authorization", "Bad Name", "X-Bad"]


async def test_dots_are_sent_where_they_stay_below_the_base_path(scene: Scene) -> None:
    origin = f"http://127.0.0.1:{scene.port}"
    # What passed the proxy goes again as it did.
    proxy = port_of(scene.appliance.proxy_url)
    request = b"GET /pay/../x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    head = (await answer_to(proxy, request)).decode()
    id = head.partition("X-Monitor-Log-Id: ")[2].split("\r")[0]
    await scene.log(id)
    await scene.replay(id)
    assert scene.dump.received[-1].startswith(b"GET /v2/../x ")
    await scene.replay(id, override_url=f"{origin}/v2/a/../b/./%2e%2e/c?d=../../..")
    target = b"GET /v2/a/../b/./%2e%2e/c?d=../../.. "
    assert scene.dump.received[-1].startswith(target)
    key = await make_key(scene.client, scene.service["id"])
    log = {**LOG, "url": f"{origin}/v2/../../admin"}
    pushed = await scene.client.post(
        "/v1/logs", json=log, headers=bearer(key["raw_key"])
    )
    await scene.replay(pushed.json()["id"], 422)
    await scene.replay(pushed.json()["id"], 422, service_id=scene.service["id"])


async def test_a_pushed_body_is_no_longer_coded(scene: Scene) -> None:
    key = await make_key(scene.client, scene.service["id"])
    log = {
        **LOG,
        "method": "POST",
        "url": f"http://127.0.0.1:{scene.port}/v2/a",
        "request_headers": {"Content-Encoding": "gzip"},
        "request_body": "plain",
    }
    pushed = await scene.client.post(
        "/v1/logs", json=log, headers=bearer(key["raw_key"])
    )
    await scene.replay(pushed.json()["id"])
    assert scene.dump.received[-1].endswith(b"\r\n\r\nplain")
    assert b"content-encoding" not in scene.dump.received[-1].lower()


async def test_what_differs_between_any_two_answers_is_volatile(scene: Scene) -> None:
    scene.dump.answers = [
        ok(
            json.dumps(
                {"at": n, "list": [{"id": 7, "trace": n}], "price": price}
            ).encode(),
            "application/json",
            f"X-Trace: {n}",
        )
        for n, price in enumerate((1, 1, 1, 2))
    ]
    for _ in range(2):
        await scene.through_proxy("GET", "/a")
    id = await scene.through_proxy("GET", "/a")
    comparison = (await scene.replay(id))["comparison"]
    assert {d["path"]: d["volatile"] for d in comparison["body"]} == {
        "$.at": True,
        "$.list[0].trace": True,
        "$.price": False,
    }
    assert {d["path"]: d["volatile"] for d in comparison["headers"]} == {
        "x-trace": True
    }
    assert comparison["equal"] is False
    assert comparison["equal_but_for_volatile"] is False
    comparison = (await scene.replay(id))["comparison"]
    assert comparison["status"] == {"left": 200, "right": 200, "equal": True}


ODD_ANSWERS = [
    rb'{"a": "\ud800", "\udfff": 1, "\u0000": "\u0000"}',
    rb'[{"\ud83d": ["\ude00", {"b": "\ud83d\ude00 \ud83d"}]}]',
    b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"a": ' + b'{"a":' * 460 + b"1" + b"}" * 460 + b"}",
    b'{"a": ' + b"9" * 6000 + b', "b": 1e999999999999999999999}',
    b"[" * 50_000,
    b"\xed\xa0\x80\0\xff",
]


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_replay_that_was_sent_is_stored_whatever_was_answered(
    scene: Scene, is_first: bool
) -> None:
    """Compared, or said to be incomparable; and readable at every door."""
    plain = ok(b'{"a": 1}')
    for content in ODD_ANSWERS:
        odd = ok(content)
        before, after = (odd, plain) if is_first else (plain, odd)
        scene.dump.received.clear()
        scene.dump.answers[:] = [before, after]
        id = await scene.through_proxy("GET", "/odd")
        made = await scene.replay(id)
        assert made["status"] == "success"
        assert len(scene.dump.received) == 2
        comparison, problem = made["comparison"], made["comparison_problem"]
        assert (comparison is None) == (problem is not None), content[:40]
        assert comparison is None or not comparison["equal"]
        stored = (await scene.client.get(f"/v1/logs/{id}/replays")).json()["items"]
        assert stored == [made]
        for path in (f"/replay/{id}", f"/log/{made['replay_log_id']}"):
            assert (await scene.client.get(path)).status_code == 200, path
        har = await scene.client.get(f"/v1/logs/{made['replay_log_id']}/har")
        assert har.status_code == 200
    first = (await scene.client.get("/v1/logs.ndjson")).text.split("\n")
    assert len([json.loads(line) for line in first if line]) == 2 * len(ODD_ANSWERS)


async def test_deleting_the_service_removes_its_replays(scene: Scene) -> None:
    id = await scene.through_proxy("GET", "/a")
    await scene.replay(id)
    await scene.client.delete(f"/v1/services/{scene.service['id']}")
    assert (await scene.client.get(f"/v1/logs/{id}/replays")).status_code == 404


async def test_a_log_of_a_unix_socket_is_replayed_to_it(
    scene: Scene, tmp_path: Path
) -> None:
    path = tmp_path / "app.sock"
    base_url = f"http://unix:{path}:/v2"
    await scene.client.patch(
        f"/v1/services/{scene.service['id']}", json={"base_url": base_url}
    )
    async with on_socket(path, scene.dump):
        id = await scene.through_proxy("GET", "/a?b=c")
        replayed = await scene.replay(id)
        other = await scene.replay(id, override_url=f"{base_url}/other")
    assert len(scene.dump.received) == 3
    first, again, changed = scene.dump.received
    assert first.startswith(b"GET /v2/a?b=c HTTP/1.1\r\n")
    assert again.startswith(b"GET /v2/a?b=c HTTP/1.1\r\n")
    assert b"\r\nHost: localhost\r\n" in again
    assert changed.startswith(b"GET /v2/other HTTP/1.1\r\n")
    assert replayed["status_code"] == other["status_code"] == 200


async def test_declared_charsets_are_shown_and_searched(scene: Scene) -> None:
    for charset in ("iso-8859-1", "utf-16"):
        word = f"caf\u00e9-{charset}"
        kind = f"text/plain; charset={charset}"
        scene.dump.answers = [ok(f"un {word} noir".encode(charset), kind)]
        scene.dump.received.clear()
        id = await scene.through_proxy("GET", "/a")
        assert (await scene.log(id))["response_body"] == f"un {word} noir"
        assert word in (await scene.client.get(f"/log/{id}")).text
        found = await scene.client.get("/v1/logs", params={"q": word})
        assert [item["id"] for item in found.json()["items"]] == [id]
