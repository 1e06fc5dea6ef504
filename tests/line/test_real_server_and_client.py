"""A third party's server and client talk through the proxy; every exchange is found."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import requests

from appliance.start.running import Appliance
from tests.support.patience import PATIENCE_S
from tests.support.running import client_at


async def register(appliance: Appliance, **fields: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(
        base_url=appliance.app_url, verify=False, timeout=PATIENCE_S
    ) as client:
        answer = await client.post("/v1/services", json=fields)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


async def logs(
    appliance: Appliance, expected: int, **query: Any
) -> list[dict[str, Any]]:
    """The details of all logs, newest first, once *expected* are there."""
    async with httpx.AsyncClient(
        base_url=appliance.app_url, verify=False, timeout=PATIENCE_S
    ) as client:
        for _ in range(1_200):
            answer = await client.get("/v1/logs", params={"limit": 500, **query})
            assert answer.status_code == 200, answer.text
            items = answer.json()["items"]
            if len(items) >= expected:
                break
            await asyncio.sleep(0.05)
        assert len(items) == expected
        return [(await client.get(f"/v1/logs/{item['id']}")).json() for item in items]


async def test_every_exchange_is_a_log_with_its_status_sizes_and_bodies(
    appliance: Appliance, httpbin_url: str
) -> None:
    await register(appliance, name="httpbin", base_url=httpbin_url)
    base = f"{appliance.proxy_url}/httpbin"

    def talk() -> list[requests.Response]:
        with requests.Session() as session:
            return [
                session.get(f"{base}/get?a=1&a=2&token=hunter2"),
                session.post(f"{base}/post", json={"amount": 100}),
                session.put(f"{base}/put", data=b"\x00\xff" * 50_000),
                session.get(f"{base}/gzip"),
                session.get(f"{base}/status/418"),
                session.get(f"{base}/status/503"),
                session.get(f"{base}/bytes/2048?seed=1"),
                session.get(f"{base}/stream/5"),
                session.head(f"{base}/get"),
                session.delete(f"{base}/delete"),
                session.get(f"{base}/basic-auth/me/pw", auth=("me", "pw")),
                session.get(f"{base}/response-headers?X-Repeat=1&X-Repeat=2"),
                session.get(f"{base}/redirect-to?url=/get", allow_redirects=False),
            ]

    answers = await asyncio.to_thread(talk)
    found = list(reversed(await logs(appliance, len(answers), source="proxy")))
    assert [log["status_code"] for log in found] == [a.status_code for a in answers]
    assert [log["id"] for log in found] == [
        a.headers["X-Monitor-Log-Id"] for a in answers
    ]
    for log, answer in zip(found, answers, strict=True):
        assert log["method"] == answer.request.method
        length = answer.headers.get("Content-Length")
        if length is not None and answer.request.method != "HEAD":
            assert log["response_size"] == int(length)
        assert log["latency_ms"] > 0
        assert log["service_name"] == "httpbin"

    query, posted, put, zipped, *_ = found
    assert query["query_params"] == {"a": ["1", "2"], "token": "***MASKED***"}
    assert "hunter2" not in json.dumps({**query, "response_body": None})
    assert json.loads(posted["request_body"]) == {"amount": 100}
    assert posted["request_size"] == len(b'{"amount": 100}')
    assert json.loads(posted["response_body"])["json"] == {"amount": 100}
    assert put["request_size"] == 100_000
    assert put["request_body_truncated"] is True
    assert put["request_body_encoding"] == "base64"
    assert json.loads(zipped["response_body"])["gzipped"] is True
    authorised = found[10]
    assert authorised["request_headers"]["Authorization"] == "***MASKED***"


async def test_curl_reaches_a_service_in_all_three_ways(
    appliance: Appliance, httpbin_url: str
) -> None:
    await register(appliance, name="Bin", base_url=f"{httpbin_url}/anything/")
    port = appliance.proxy_url.rsplit(":", 1)[1]
    commands = [
        [f"{appliance.proxy_url}/bin/x%2Fy//z?"],
        ["-H", f"Host: bin.localhost:{port}", f"{appliance.proxy_url}/x%2Fy//z?"],
        ["-H", "X-Monitor-Service: Bin", f"{appliance.proxy_url}/x%2Fy//z?"],
    ]
    for arguments in commands:
        process = await asyncio.create_subprocess_exec(
            "curl",
            "-sS",
            "--path-as-is",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0
        assert "/anything/x" in json.loads(printed)["url"]
    found = await logs(appliance, 3, source="proxy")
    assert {log["path"] for log in found} == {"/anything/x%2Fy//z"}
    assert {log["url"] for log in found} == {f"{httpbin_url}/anything/x%2Fy//z?"}
    assert {log["status_code"] for log in found} == {200}


async def test_a_refused_connection_is_a_502_for_the_client_and_a_log(
    appliance: Appliance, unused_tcp_port: int
) -> None:
    await register(
        appliance, name="gone", base_url=f"http://127.0.0.1:{unused_tcp_port}"
    )
    async with client_at() as client:
        answer = await client.get(f"{appliance.proxy_url}/gone/x")
    assert answer.status_code == 502
    assert answer.headers["X-Monitor-Error"] == "connect_refused"
    [log] = await logs(appliance, 1)
    assert log["status_code"] == 502
    assert log["error"].startswith("connect_refused")


async def test_pushed_and_captured_logs_stand_side_by_side(
    appliance: Appliance, httpbin_url: str
) -> None:
    service = await register(appliance, name="both", base_url=httpbin_url)
    async with httpx.AsyncClient(
        base_url=appliance.app_url, verify=False, timeout=PATIENCE_S
    ) as client:
        key = (
            await client.post(
                f"/v1/services/{service['service_id']}/keys", json={"name": "k"}
            )
        ).json()["raw_key"]
        pushed = await client.post(
            "/v1/logs",
            headers={"Authorization": f"Bearer {key}"},
            json={"method": "get", "url": "https://x.example/a", "path": "/a"},
        )
        assert pushed.status_code == 201, pushed.text
        body = gzip.compress(b'{"zipped": true}')
        await client.post(
            f"{appliance.proxy_url}/both/post",
            content=body,
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
    captured, ingested = await logs(appliance, 2)
    assert (captured["source"], ingested["source"]) == ("proxy", "ingest")
    assert ingested["method"] == "GET"
    assert ingested["request_size"] is None
    assert captured["request_size"] == len(body)
    assert json.loads(captured["request_body"]) == {"zipped": True}
    found = await logs(appliance, 1, q="ZIPPED", source="proxy")
    assert found[0]["id"] == captured["id"]


async def test_a_deleted_service_takes_its_logs_with_it(
    appliance: Appliance, httpbin_url: str
) -> None:
    service = await register(appliance, name="brief", base_url=httpbin_url)
    async with httpx.AsyncClient(
        base_url=appliance.app_url, verify=False, timeout=PATIENCE_S
    ) as client:
        await client.get(f"{appliance.proxy_url}/brief/get")
        [log] = await logs(appliance, 1)
        gone = await client.delete(f"/v1/services/{service['id']}")
        assert gone.status_code == 204
        assert (await client.get(f"{appliance.proxy_url}/brief/get")).status_code == 404
        assert (await client.get(f"/v1/logs/{log['id']}")).status_code == 404
    await logs(appliance, 0)
