"""Clients that programs are written with: requests, httpx, node, RPC, WebSockets."""

import asyncio
import hashlib
import json
import threading
import xmlrpc.client
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCServer

import aiohttp
import httpx
import pytest
import requests
import websockets
from websockets.asyncio.server import ServerConnection, serve

from tests.clients.between import need, run, serving, the_same
from tests.support.httpbins import httpbin_served
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port

BIG = bytes(range(256)) * 12_000
NODE_SERVER = """
import http from 'node:http';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
http.createServer(async (request, response) => {
  const hash = createHash('sha256');
  for await (const piece of request) hash.update(piece);
  if (request.url === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (let n = 0; n < 3; n++) {
      response.write(`id: ${n}\\ndata: ${'é'.repeat(n)}\\n\\n`);
      await new Promise((done) => setTimeout(done, 30));
    }
    response.end();
  } else if (request.url === '/zipped') {
    response.writeHead(200, { 'Content-Encoding': 'gzip' });
    response.end(gzipSync('x'.repeat(100000)));
  } else {
    response.writeHead(200, { 'X-Odd': ['1', '2'], Trailer: 'X-Sum' });
    response.write(`${request.method} ${request.url} ${hash.digest('hex')}`);
    response.addTrailers({ 'X-Sum': 'done' });
    response.end();
  }
}).listen(Number(process.argv[2]), '127.0.0.1');
"""
NODE_CLIENT = """
import http from 'node:http';
const url = process.argv[2];
const said = [];
async function* pieces() {
  for (let n = 0; n < 20; n++) yield new Uint8Array(50000).fill(n);
}
const text = async (path, options) => {
  const answer = await fetch(url + path, options);
  return `${answer.status} ${answer.headers.get('x-odd')} ${await answer.text()}`;
};
said.push(await text('/stream', { method: 'POST', body: pieces(), duplex: 'half' }));
said.push(await text('/json', { method: 'PATCH', body: JSON.stringify({ a: 1 }) }));
said.push(await text('/a%2Fb//?x=%20&&'));
said.push((await text('/zipped')).length);
said.push(...await Promise.all([...Array(40).keys()].map((n) => text(`/many/${n}`))));
const events = await fetch(url + '/events');
let stream = '';
for await (const piece of events.body) stream += Buffer.from(piece).toString();
said.push(stream);
said.push(await new Promise((done) => {
  const options = { method: 'PROPFIND', headers: { te: 'trailers' } };
  const request = http.request(url + '/trailers', options, (answer) => {
    answer.resume();
    answer.on('end', () => done(answer.trailers));
  });
  request.write('one');
  request.end('two');
}));
console.log(JSON.stringify(said));
"""


async def test_nodes_fetch_and_http_stream_both_ways(tmp_path: Path) -> None:
    node = need("node", "nodejs")

    @asynccontextmanager
    async def server(folder: Path) -> AsyncIterator[int]:
        (folder / "server.mjs").write_text(NODE_SERVER)
        port = free_port()
        command = (node, "server.mjs", str(port))
        async with serving(*command, folder=folder, port=port) as listening:
            yield listening

    async def scenario(url: str, folder: Path) -> Any:
        (folder / "client.mjs").write_text(NODE_CLIENT)
        return json.loads(await run(node, "client.mjs", url, folder=folder))

    streamed, *_, events, trailers = await the_same(server, scenario, tmp_path)
    content = b"".join(bytes([n]) * 50_000 for n in range(20))
    digest = hashlib.sha256(content).hexdigest()
    assert streamed == f"200 1, 2 POST /stream {digest}"
    assert events.count("data: ") == 3
    assert trailers == {"x-sum": "done"}


@contextmanager
def in_thread(run_it: Any, stop: Any) -> Iterator[None]:
    thread = threading.Thread(target=run_it)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(10)


@asynccontextmanager
async def bin_server(folder: Path) -> AsyncIterator[int]:
    with httpbin_served(threads=4) as port:
        yield port


def told(status: int, fields: Any, body: bytes) -> tuple[Any, ...]:
    """What of an answer does not depend on through what it was asked for."""
    kept = ("content-type", "content-encoding", "location", "set-cookie", "etag")
    named = {name: fields.get(name) for name in kept}
    if body and named["content-type"] == "application/json":
        echo = json.loads(body)
        return status, named, [echo.get(name) for name in ("args", "form", "files")]
    return status, named, hashlib.sha256(body).hexdigest()


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/image/png", {}),
    ("GET", "/gzip", {}),
    ("GET", "/deflate", {}),
    ("GET", "/brotli", {}),
    ("GET", "/encoding/utf8", {}),
    ("GET", "/stream-bytes/50000?seed=1&chunk_size=999", {}),
    ("GET", "/drip?numbytes=5&duration=0.1&delay=0", {}),
    ("GET", "/range/1000", {"headers": {"Range": "bytes=10-19"}}),
    ("GET", "/redirect-to?url=/get&status_code=307", {}),
    ("GET", "/cookies/set?a=1&b=2", {}),
    ("GET", "/status/418", {}),
    ("GET", "/etag/x", {"headers": {"If-None-Match": "x"}}),
    ("POST", "/anything", {"data": {"a": "1", "é": "ü"}}),
    ("POST", "/anything", {"files": {"a": ("b.bin", BIG[:50_000])}}),
    ("DELETE", "/delete", {}),
    ("HEAD", "/get", {}),
    ("OPTIONS", "/get", {}),
]


async def test_requests_gets_the_same_from_httpbin(tmp_path: Path) -> None:
    async def scenario(url: str, folder: Path) -> list[Any]:
        def talk() -> list[Any]:
            found = []
            with requests.Session() as session:
                for method, path, options in CALLS:
                    got = session.request(
                        method, url + path, allow_redirects=False, **options
                    )
                    found.append(told(got.status_code, got.headers, got.content))
            return found

        return await asyncio.to_thread(talk)

    assert len(await the_same(bin_server, scenario, tmp_path)) == len(CALLS)


async def test_httpx_gets_the_same_from_httpbin(tmp_path: Path) -> None:
    async def scenario(url: str, folder: Path) -> list[Any]:
        async def upload() -> AsyncIterator[bytes]:
            for start in range(0, len(BIG), 100_000):
                yield BIG[start : start + 100_000]

        found = []
        async with httpx.AsyncClient(
            base_url=url, verify=False, timeout=PATIENCE_S
        ) as client:
            for method, path, options in CALLS:
                got = await client.request(method, path, **options)
                found.append(told(got.status_code, got.headers, got.content))
            sent = await client.post("/post", content=upload())
            found.append((sent.status_code, len(sent.json()["data"])))
        return found

    assert len(await the_same(bin_server, scenario, tmp_path)) == len(CALLS) + 1


async def test_xml_rpc_calls_and_faults(tmp_path: Path) -> None:
    @asynccontextmanager
    async def server(folder: Path) -> AsyncIterator[int]:
        served = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
        served.register_function(lambda *found: list(found), "echo")
        served.register_multicall_functions()
        with served, in_thread(served.serve_forever, served.shutdown):
            yield served.server_address[1]

    async def scenario(url: str, folder: Path) -> list[Any]:
        def talk() -> list[Any]:
            with xmlrpc.client.ServerProxy(url, allow_none=False) as remote:
                calls: Any = xmlrpc.client.MultiCall(remote)
                for number in range(10):
                    calls.echo(number, "é" * number)
                found: list[Any] = list(calls())
                found.append(remote.echo([1, {"a": "b" * 100_000}]))
                with pytest.raises(xmlrpc.client.Fault, match="not supported"):
                    remote.unknown()
                return found

        return await asyncio.to_thread(talk)

    assert len(await the_same(server, scenario, tmp_path)) == 11


@asynccontextmanager
async def echoing(folder: Path) -> AsyncIterator[int]:
    """The library's own server, which agrees to compress."""

    async def echo(connection: ServerConnection) -> None:
        with suppress(websockets.ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        yield next(iter(server.sockets)).getsockname()[1]


MESSAGES: list[str | bytes] = [
    *("", "é" * 100, "x" * 125, "x" * 126, "x" * 65_535, "x" * 65_536),
    *(b"", bytes(range(256)) * 10, b"\0" * 2_000_000, b"\xff" * 70_000),
]


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_websockets_keep_messages_fragments_pings_and_the_end(
    tmp_path: Path, compression: str | None
) -> None:
    async def scenario(url: str, folder: Path) -> list[Any]:
        found: list[Any] = []
        async with websockets.connect(
            url.replace("http", "ws", 1) + "/chat?x=%20",
            compression=compression,
            max_size=None,
            proxy=None,
        ) as socket:
            assert socket.response is not None
            found.append(socket.response.headers.get("Sec-WebSocket-Extensions"))
            for message in MESSAGES:
                await socket.send(message)
                found.append(await socket.recv() == message)
            await socket.send(["frag", "ment", "", "s"])
            found.append(await socket.recv())
            await (await socket.ping(b"p" * 125))
            await socket.close(3999, "é enough")
            found.append((socket.close_code, socket.close_reason))
        return found

    extensions, *found = await the_same(echoing, scenario, tmp_path)
    assert ("permessage-deflate" in str(extensions)) is (compression == "deflate")
    assert found == [True] * len(MESSAGES) + ["fragments", (3999, "é enough")]


async def test_another_librarys_websocket_gets_the_same(tmp_path: Path) -> None:
    async def scenario(url: str, folder: Path) -> list[Any]:
        found: list[Any] = []
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, compress=12, max_msg_size=0) as socket,
        ):
            for message in MESSAGES:
                if isinstance(message, str):
                    await socket.send_str(message)
                    found.append(await socket.receive_str() == message)
                else:
                    await socket.send_bytes(message)
                    found.append(await socket.receive_bytes() == message)
            found.append(socket.compress)
        return found

    found = await the_same(echoing, scenario, tmp_path)
    assert found == [True] * len(MESSAGES) + [12]
