"""Debian's nginx with the real nginx.conf in front of the running app."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port
from tests.support.programs import need
from tests.support.running import appliance_on

ROOT = Path(__file__).parents[2]


@contextmanager
def nginx_before(app_url: str, folder: Path) -> Iterator[str]:
    """The compose's nginx.conf; only names that compose makes are replaced."""
    nginx, port = need("nginx", "nginx-light"), free_port()
    text = (ROOT / "nginx.conf").read_text()
    for name, value in {
        "backend:8000": app_url.removeprefix("http://"),
        "listen 8090": f"listen 127.0.0.1:{port}",
        "/srv/static/": f"{ROOT}/web/static/",
        "/tmp/nginx": f"{folder}/nginx",
        "include mime.types": "include /etc/nginx/mime.types",
    }.items():
        assert name in text
        text = text.replace(name, value)
    # As root its workers become another user, who may not read a checkout of root's.
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + text)
    process = subprocess.Popen(
        [nginx, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(3_000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(PATIENCE_S)


async def test_pages_calls_and_static_files_work_through_nginx(
    database_url: str, tmp_path: Path
) -> None:
    async with appliance_on(database_url, tmp_path) as appliance:
        with nginx_before(appliance.app_url, tmp_path) as url:
            async with httpx.AsyncClient(
                base_url=url, verify=False, timeout=PATIENCE_S
            ) as client:
                page = await client.get("/")
                assert page.status_code == 200
                assert "unsafe" not in page.headers["Content-Security-Policy"]
                style = await client.get("/static/app.css?v=1")
                assert style.status_code == 200
                assert style.headers["Server"] == "nginx"
                assert "max-age" in style.headers["Cache-Control"]
                plain = await client.get("/static/app.js")
                assert plain.headers["Cache-Control"] == "no-cache"
                assert style.headers["Content-Type"] == "text/css"
                made = await client.post(
                    "/v1/services", json={"name": "n"}, headers={"Origin": url}
                )
                assert made.status_code == 201
                foreign = await client.post(
                    "/v1/services",
                    json={"name": "m"},
                    headers={"Origin": "http://localhost:1"},
                )
                assert foreign.status_code == 403
                assert (await client.get("/readyz")).status_code == 200
                big = await client.post(
                    "/v1/services",
                    content=b"{" + b" " * 5_000_000,
                    headers={"Content-Type": "application/json"},
                )
                assert big.status_code == 413
                assert big.headers["Content-Type"] == "application/problem+json"
