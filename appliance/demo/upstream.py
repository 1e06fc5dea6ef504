"""Upstream of the demo: a small shop, and what it answers."""

import asyncio
import json
import random
import time

from aiohttp import WSMsgType, web

MAX_UPLOAD_BYTES = 64 * 1024 * 1024
# A green PNG of 8 by 8 pixels.
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000080000000808020000004b6d29"
    "dc0000001149444154789c63908f8fc68a188696040024033641450cd7a70000"
    "000049454e44ae426082"
)


# The payment provider is away from the start, and again every half an hour.
OUT_S, OUT_EVERY_S = 240.0, 1_800.0
FAILING_WHILE_OUT, FAILING = 0.6, 0.01
BEGUN = web.AppKey("begun", float)
PRICE_EVERY_S = 2.0


async def start() -> tuple[web.AppRunner, str]:
    """A shop on a free port of loopback, and its URL."""
    app = web.Application(client_max_size=MAX_UPLOAD_BYTES)
    app[BEGUN] = time.monotonic()
    app.add_routes(
        [
            web.get("/products/{id}", _product),
            web.post("/orders", _order),
            web.get("/checkout", _checkout),
            web.get("/reports/slow", _slow),
            web.put("/uploads/{id}", _upload),
            web.get("/images/{id}", _image),
            web.get("/events", _events),
            web.get("/chat", _chat),
            web.get("/chat/support", _chat),
            web.get("/prices/live", _prices),
            web.get("/products/{id}/reviews", _reviews),
            web.post("/charges", _charge),
            web.post("/sessions", _session),
            web.post("/hook", _hook),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _product(request: web.Request) -> web.Response:
    id = request.match_info["id"]
    if not id.isdigit():
        return web.json_response({"error": "no such product"}, status=404)
    await asyncio.sleep(random.uniform(0.001, 0.04))
    product = {"id": int(id), "name": f"Lamp {id}", "price": {"EUR": 19.90}}
    return web.json_response(product, headers={"Set-Cookie": "basket=1; Path=/"})


async def _reviews(request: web.Request) -> web.Response:
    """Slow, since the deploy."""
    await asyncio.sleep(random.uniform(0.12, 0.35))
    return web.json_response([{"stars": random.randint(1, 5), "text": "as described"}])


async def _charge(request: web.Request) -> web.Response:
    charge = await request.json()
    await asyncio.sleep(random.uniform(0.05, 0.2))
    failing = FAILING_WHILE_OUT if _is_out(request) else FAILING
    if random.random() < failing:
        error = {"code": "E42", "message": "card declined: issuer unavailable"}
        return web.json_response({"error": error}, status=502)
    return web.json_response({"id": random.randint(1, 9999), **charge}, status=201)


async def _session(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"token": "demo-secret"}, status=201)


async def _hook(request: web.Request) -> web.Response:
    """Who is on call hears of it."""
    await request.read()
    return web.Response(status=204)


async def _order(request: web.Request) -> web.Response:
    order = await request.json()
    await asyncio.sleep(random.uniform(0.01, 0.08))
    return web.json_response({"id": random.randint(1, 9999), **order}, status=201)


def _is_out(request: web.Request) -> bool:
    """Whether the payment provider is away."""
    return (time.monotonic() - request.app[BEGUN]) % OUT_EVERY_S < OUT_S


async def _checkout(request: web.Request) -> web.Response:
    if not _is_out(request):
        return web.json_response({"basket": [], "total": {"EUR": 0}})
    return web.json_response({"error": "payment provider unreachable"}, status=503)


async def _slow(request: web.Request) -> web.Response:
    await asyncio.sleep(1.2)
    return web.Response(text="<h1>Report</h1>", content_type="text/html")


async def _upload(request: web.Request) -> web.Response:
    return web.json_response({"received": len(await request.read())})


async def _image(request: web.Request) -> web.Response:
    return web.Response(body=DOT, content_type="image/png")


async def _events(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    for n in range(3):
        await answer.write(f'event: price\ndata: {{"n": {n}}}\n\n'.encode())
        await asyncio.sleep(0.05)
    return answer


async def _prices(request: web.Request) -> web.StreamResponse:
    """For as long as somebody listens."""
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    while True:
        price = {"product": random.randint(1, 40), "EUR": random.randint(5, 99)}
        await answer.write(f"event: price\ndata: {json.dumps(price)}\n\n".encode())
        await asyncio.sleep(PRICE_EVERY_S)


async def _chat(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(f"you said {message.data}")
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket
