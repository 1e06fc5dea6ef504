"""The proxies that are compared: ours, Debian's nginx, Debian's HAProxy."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fidelity.stage import Stage, scripted
from tests.support.ports import free_port
from tests.support.programs import path_of
from tests.support.upstreams import proxied

# Short, so that the rules about slow clients take no time.
ENVIRONMENT = {"APIMONITOR_HEAD_TIMEOUT_S": "1", "APIMONITOR_KEEPALIVE_S": "1.5"}

# Tuned to pass on as much as it can, as it came.
NGINX = """
{user}
daemon off;
worker_processes 1;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_header_timeout 1s;
    client_body_timeout 1s;
    keepalive_timeout 1s;
    lingering_timeout 1s;
    client_max_body_size 0;
    underscores_in_headers on;
    proxy_temp_path {folder}/proxy;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream service {{ server 127.0.0.1:{upstream}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_pass_header Server;
            proxy_pass_header Date;
        }}
    }}
}}
"""
HAPROXY = """
global
    maxconn 1024
defaults
    mode http
    timeout connect 2s
    timeout client 1s
    timeout server 2s
    timeout http-request 1s
    timeout http-keep-alive 1s
    timeout tunnel 10s
frontend entrance
    bind 127.0.0.1:{port}
    default_backend service
backend service
    server one 127.0.0.1:{upstream}
"""

Standing = AbstractAsyncContextManager[Stage]


@asynccontextmanager
async def ours() -> AsyncIterator[Stage]:
    async with (
        scripted() as upstream,
        proxied(upstream.port, environment=ENVIRONMENT) as proxy,
    ):
        yield Stage(
            address=("127.0.0.1", proxy.port), host=b"shop.localhost", upstream=upstream
        )


@asynccontextmanager
async def nginx() -> AsyncIterator[Stage]:
    user = "user root;" if os.geteuid() == 0 else ""
    async with _program("nginx", NGINX, ["-c"], user=user) as stage:
        yield stage


@asynccontextmanager
async def haproxy() -> AsyncIterator[Stage]:
    async with _program("haproxy", HAPROXY, ["-db", "-f"]) as stage:
        yield stage


PROXIES: dict[str, Callable[[], Standing]] = {
    "ours": ours,
    "nginx": nginx,
    "haproxy": haproxy,
}


@asynccontextmanager
async def _program(
    name: str, form: str, options: list[str], **values: str
) -> AsyncIterator[Stage]:
    """Another's proxy with the configuration *form*, for the block."""
    program, port = path_of(name), free_port()
    assert program is not None, f"no {name}: apt-get install {name}"
    async with scripted() as upstream:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "conf"
            text = form.format(
                folder=folder, port=port, upstream=upstream.port, **values
            )
            path.write_text(text)
            process = await asyncio.create_subprocess_exec(
                *(program, *options, str(path)),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                await _listens(port)
                host = f"127.0.0.1:{port}".encode()
                address = ("127.0.0.1", port)
                yield Stage(address=address, host=host, upstream=upstream)
            finally:
                process.terminate()
                await process.wait()


async def _listens(port: int) -> None:
    for _ in range(3_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")
