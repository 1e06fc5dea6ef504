"""Which processes are measured, and what CPU they used."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from monitor.storage.server.server import Server

# Debian keeps servers where PATH of an ordinary user does not look.
PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
# What the processes print; each run begins it anew.
SAID = Path("bench.log")
TICKS = os.sysconf("SC_CLK_TCK")
LIBC = ctypes.CDLL(None)
# prctl(2)
PR_SET_PDEATHSIG = 1
UPSTREAM = """
daemon off; worker_processes 1; error_log {folder}/upstream.log; pid {folder}/up.pid;
worker_rlimit_nofile 65536; events {{ worker_connections 32768; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{body}'; }}
    location = /gib {{ root {folder}; }}
  }}
}}
"""
PASSING = """
daemon off; worker_processes 1; error_log {folder}/passing.log; pid {folder}/pass.pid;
worker_rlimit_nofile 65536; events {{ worker_connections 32768; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/f; proxy_temp_path {folder}/g;
  fastcgi_temp_path {folder}/h; uwsgi_temp_path {folder}/i; scgi_temp_path {folder}/j;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
    location / {{
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of *pids* so far, and of children they have seen end."""
    used = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += sum(int(field) for field in fields[11:15])
    return used / TICKS


def memory_bytes(pid: int, name: str) -> int:
    """VmRSS: resident now; VmHWM: at its peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def reset_peak(pid: int) -> None:
    """VmHWM begins anew (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def children(pid: int) -> list[int]:
    """*pid*'s descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            listed = task.read_text().split()
        except OSError:
            # It ended meanwhile.
            continue
        for child in listed:
            found += [int(child), *children(int(child))]
    return found


def appliance_of(pid: int) -> list[int]:
    """*pid*, and what it started to record or to work for it."""
    return [pid, *(each for each in children(pid) if not runs(each, "postgres"))]


def postgres_of(pid: int) -> list[int]:
    """The embedded server's processes."""
    return [each for each in children(pid) if runs(each, "postgres")]


def runs(pid: int, name: str) -> bool:
    """Whether *name* is in what it was started with; False where it is gone."""
    try:
        return name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def nginx(template: str, folder: Path, **values: object) -> Iterator[int]:
    """An nginx of its own configuration; yields its worker's pid."""
    path = folder / f"{values['port']}.conf"
    path.write_text(template.format(folder=folder, **values))
    with running(["nginx", "-p", str(folder), "-c", str(path)]) as process:
        wait_for(f"http://127.0.0.1:{values['port']}/")
        workers = children(process.pid)
        if not workers:
            # What answered is somebody else.
            sys.exit(f"port {values['port']} is in use: set BENCH_PORT to another")
        yield workers[0]


@contextmanager
def appliance(
    folder: Path, *, port: int, proxy_port: int, **settings: str
) -> Iterator[int]:
    environment = {
        **os.environ,
        "APIMONITOR_PORT": str(port),
        "APIMONITOR_PROXY_PORT": str(proxy_port),
        "APIMONITOR_DATA_DIR": str(folder / "data"),
        **settings,
    }
    command = [str(Path(sys.executable).parent / "apimonitor"), "serve"]
    with running(command, environment) as process:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield process.pid


@contextmanager
def postgres_server(folder: Path) -> Iterator[tuple[str, Callable[[], list[int]]]]:
    """One with the settings of ours: its DSN, and how to find its processes."""
    server = Server(folder)
    server.start()
    try:
        postmaster = int((folder / "pgdata" / "postmaster.pid").read_text().split()[0])
        yield server.dsn(), lambda: [postmaster, *children(postmaster)]
    finally:
        server.stop()


@contextmanager
def group_commit(*, port: int, dsn: str) -> Iterator[int]:
    """A server that only stores; yields its pid."""
    with running([sys.executable, "-m", "bench.group_commit", str(port), dsn]) as it:
        wait_for(f"http://127.0.0.1:{port}/")
        yield it.pid


def need(*programs: str) -> None:
    missing = [name for name in programs if shutil.which(name, path=PATH) is None]
    if missing:
        sys.exit(
            f"make bench needs {', '.join(missing)}: apt-get install nginx-light wrk"
        )


@contextmanager
def running(
    command: list[str],
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which(command[0], path=PATH) or command[0]
    with SAID.open("ab") as said:
        process = subprocess.Popen(
            [program, *command[1:]],
            env=environment,
            cwd=cwd,
            stdout=said,
            stderr=said,
            preexec_fn=_end_with_parent,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _end_with_parent() -> None:
    """However a run ends, nobody answers at its ports to the next one."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            with urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} did not answer; {SAID} says why")
