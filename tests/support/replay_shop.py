"""A shop whose requests are replayed."""

import asyncio
import json
from typing import Any

import httpx

from appliance.start.running import Appliance
from tests.support.patience import PATIENCE_S
from tests.support.running import register
from tests.support.upstreams import Reader, Writer, read_head

HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"


class Shop:
    """An upstream whose answers change with each request."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        while True:
            head = await read_head(reader)
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            self.requests.append(head + await reader.readexactly(length))
            n = len(self.requests)
            orders = [{"id": i, "total": i * 10} for i in range(40)]
            if n > 3:
                orders.insert(1, {"id": 900, "total": 1})
                orders[30]["total"] = 7
            body = json.dumps({"at": n, "note": HOSTILE, "orders": orders}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"X-Trace: %d\r\nContent-Length: %d\r\n\r\n%b" % (n, len(body), body)
            )
            await writer.drain()


async def record(
    appliance: Appliance, client: httpx.AsyncClient, port: int, **options: Any
) -> str:
    """The id of the log of the third request of its kind."""
    await register(client, base_url=f"http://127.0.0.1:{port}/v1")
    async with httpx.AsyncClient(
        base_url=appliance.proxy_url, verify=False, timeout=PATIENCE_S
    ) as through:
        for _ in range(3):
            answer = await through.request("POST", "/pay/orders?a=1", **options)
    id = answer.headers["x-monitor-log-id"]
    for _ in range(6_000):
        if (await client.get(f"/v1/logs/{id}")).status_code == 200:
            break
        await asyncio.sleep(0.01)
    return id
