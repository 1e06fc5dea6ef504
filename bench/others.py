"""Other people's proxies, installed in a cache of their own and started."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import running, wait_for

NODE_VERSION = "1.18.1"
# The last one for Python 3.11, or a later one.
MITM_VERSION = ">=11.0.2,<13"
NODE = """
const http = require("http"), proxy = require("http-proxy");
const agent = new http.Agent({{ keepAlive: true, maxSockets: 64 }});
const target = "http://127.0.0.1:{upstream}";
const passing = proxy.createProxyServer({{ target, agent }});
http.createServer((request, response) => passing.web(request, response))
  .listen({port}, "127.0.0.1");
"""


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "apimonitor-bench"


def environment(name: str, *packages: str) -> Path | None:
    """Its Python; None where pip cannot install *packages* into it."""
    folder, whole = cache() / name, cache() / name / ".whole"
    python = folder / "bin" / "python"
    if whole.exists() and python.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    install = [str(python), "-m", "pip", "install", "-q", *packages]
    if subprocess.run(install, check=False).returncode:
        shutil.rmtree(folder)
        return None
    whole.touch()
    return python


@contextmanager
def node_http_proxy(*, port: int, upstream: int) -> Iterator[int | None]:
    """Its pid; None, and a line that says why, where it cannot be had."""
    folder = cache() / "node"
    if shutil.which("npm") is None:
        print("node http-proxy: not measured, there is no npm")
        yield None
        return
    if not (folder / "node_modules" / "http-proxy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True}))
        install = ["npm", "install", "--silent", f"http-proxy@{NODE_VERSION}"]
        if subprocess.run(install, cwd=folder, check=False).returncode:
            print("node http-proxy: not measured, npm could not install it")
            yield None
            return
    script = folder / "proxy.js"
    script.write_text(NODE.format(port=port, upstream=upstream))
    with running(["node", str(script)], cwd=folder) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        yield process.pid


@contextmanager
def mitmdump(folder: Path, *, port: int, upstream: int) -> Iterator[int | None]:
    """Writing flows to a file. Its pid; None, and a line, where it cannot be had."""
    python = environment("mitmproxy", f"mitmproxy{MITM_VERSION}")
    if python is None:
        print("mitmdump: not measured, pip could not install it")
        yield None
        return
    arguments = [
        *("--mode", f"reverse:http://127.0.0.1:{upstream}"),
        *("--listen-host", "127.0.0.1", "--listen-port", str(port), "--quiet"),
        *("--set", f"confdir={folder / 'mitm'}", "-w", str(folder / "flows")),
    ]
    with running([str(python.parent / "mitmdump"), *arguments]) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        yield process.pid
