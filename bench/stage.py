"""Who is measured: nginx and the appliance in front of one upstream, in one run."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench.processes import PASSING, UPSTREAM, appliance, nginx

# Another one lets two runs of a machine pass each other.
FIRST_PORT = int(os.environ.get("BENCH_PORT", "18480"))
UPSTREAM_PORT, NGINX_PORT, APP_PORT, PROXY_PORT = range(FIRST_PORT, FIRST_PORT + 4)
NODE_PORT, MITM_PORT, SINK_PORT, NGINX_SINK_PORT = range(FIRST_PORT + 4, FIRST_PORT + 8)
SHOP_PORT, SHOP_NGINX_PORT, COMMITTER_PORT, FORMER_PORT = range(
    FIRST_PORT + 8, FIRST_PORT + 12
)
WORKERS_PORT = FIRST_PORT + 12
BODY = json.dumps({"padding": "x" * 1000})


@dataclass(frozen=True, slots=True)
class Stage:
    """*nginx*, *upstream*: the pids of their workers; *ours*: of the main process."""

    folder: Path
    upstream: int
    nginx: int
    ours: int

    @property
    def app(self) -> str:
        return f"http://127.0.0.1:{APP_PORT}"

    @property
    def through_nginx(self) -> str:
        return f"http://127.0.0.1:{NGINX_PORT}"

    @property
    def through_ours(self) -> str:
        """As a service that is recorded."""
        return f"http://127.0.0.1:{PROXY_PORT}/captured"

    @property
    def unrecorded(self) -> str:
        return f"http://127.0.0.1:{PROXY_PORT}/passed"

    def ledger(self) -> dict[str, Any]:
        with urlopen(f"{self.app}/v1/ledger") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def stored_of(self, service_id: str) -> int:
        """How many logs of it there are."""
        with urlopen(f"{self.app}/v1/metrics?service_id={service_id}") as answer:
            count: int = json.load(answer)["total_requests"]
        return count

    def build(self) -> str:
        with urlopen(f"{self.app}/metrics") as answer:
            is_compiled = b'apimonitor_build_info{compiled="yes"' in answer.read()
        return "compiled" if is_compiled else "interpreted"

    def wait_until_stored(self) -> None:
        for _ in range(600):
            ledger = self.ledger()
            if not (ledger["spooled"] or ledger["in_flight"] or ledger["difference"]):
                return
            time.sleep(0.1)
        raise SystemExit("the recorder did not keep up within a minute")


@contextmanager
def stage() -> Iterator[Stage]:
    """With the services `captured` and `passed`, whose upstream is an nginx."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        # nginx serves from it as a user of its own.
        folder.chmod(0o755)
        # A file without blocks: what is measured is not the disk.
        with (folder / "gib").open("wb") as file:
            file.truncate(1 << 30)
        upstream = stack.enter_context(
            nginx(UPSTREAM, folder, port=UPSTREAM_PORT, body=BODY)
        )
        passing = stack.enter_context(
            nginx(PASSING, folder, port=NGINX_PORT, upstream=UPSTREAM_PORT)
        )
        ours = stack.enter_context(
            appliance(folder, port=APP_PORT, proxy_port=PROXY_PORT)
        )
        made = Stage(folder, upstream, passing, ours)
        register(made.app, "captured", UPSTREAM_PORT)
        register(made.app, "passed", UPSTREAM_PORT, is_recording=False)
        yield made


def register(app: str, name: str, port: int, **fields: Any) -> None:
    base_url = f"http://127.0.0.1:{port}"
    post(f"{app}/v1/services", {"name": name, "base_url": base_url, **fields})


def post(url: str, content: dict[str, Any]) -> Any:
    """What was created."""
    body = json.dumps(content).encode()
    request = Request(url, data=body, headers={"Content-Type": "application/json"})
    with urlopen(request) as answer:
        assert answer.status == 201
        return json.load(answer)
