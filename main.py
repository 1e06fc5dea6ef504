"""What the command `apimonitor` does."""

import argparse
import asyncio
import http.client
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from uuid import UUID

import uvloop

from appliance import archive, demo, descriptors, garbage, journal, letters
from appliance.database import create_token, migrate_now
from appliance.directory import StartError
from appliance.start import Appliance, running
from appliance.welcome import welcome
from appliance.workers import WorkersKeepDying
from monitor.errors import MonitorError
from monitor.settings import Settings, SettingsError, describe, legacy_names, load
from monitor.storage.pool import reason_of

logger = logging.getLogger(__name__)

Beside = Callable[[Appliance], Coroutine[None, None, None]]

# sysexits.h: what a supervisor can tell from the exit code.
FAILURE = 1
USAGE = 2
UNAVAILABLE = 69
CONFIGURATION = 78


def cli() -> None:
    """The entry point; exits with the code that the documentation lists."""
    arguments = _parser().parse_args()
    try:
        settings = load()
        sys.exit(arguments.command(settings, arguments))
    except SettingsError as error:
        _refuse(str(error), CONFIGURATION)
    except StartError as error:
        _refuse(str(error), error.exit_code)
    except MonitorError as error:
        _refuse(f"{error.detail}: {reason_of(error)}", UNAVAILABLE)
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="apimonitor",
        description="A reverse proxy that records, searches, replays and compares "
        "HTTP traffic. Settings are environment variables: `apimonitor settings`.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(
        name: str,
        command: Callable[[Settings, argparse.Namespace], int],
        meaning: str,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=meaning, description=meaning)
        added.set_defaults(command=command)
        return added

    add("serve", _serve, "start the proxy, the app and the recorder")
    add("demo", _demo, "serve, with a small upstream and sample traffic")
    add("migrate", _migrate, "apply pending migrations and exit")
    backup = add("backup", _backup, "write all that PostgreSQL holds of ours to a file")
    backup.add_argument("file", type=Path, help="where to; it is not there yet")
    restore = add("restore", _restore, "put a backup in, while no appliance runs")
    restore.add_argument("file", type=Path, help="what backup wrote")
    restore.add_argument(
        "--replace", action="store_true", help="what is there goes, once this is in"
    )
    add("settings", _settings, "list all settings: value, default, meaning")
    token = add("token", _token, "make an admin token for /v1")
    token.add_argument("action", choices=["create"])
    token.add_argument("--name", default="command line", help="what it is for")
    dead = add(
        "deadletter",
        _deadletter,
        "records that PostgreSQL refused; see docs/operations.md",
    )
    dead.add_argument("action", choices=["list", "retry", "discard"])
    dead.add_argument(
        "id", nargs="*", type=UUID, help="which ones; of retry: all where none is named"
    )
    add("healthcheck", _healthcheck, "exit 0 if the app on this machine is healthy")
    return parser


def _serve(settings: Settings, arguments: argparse.Namespace) -> int:
    return _run(settings, _nothing)


def _demo(settings: Settings, arguments: argparse.Namespace) -> int:
    async def traffic(appliance: Appliance) -> None:
        await demo.run(app_url=appliance.app_url, proxy_url=appliance.proxy_url)

    return _run(demo.of_its_own(settings), traffic)


async def _nothing(appliance: Appliance) -> None:
    """A served appliance needs no more than its users."""


def _run(settings: Settings, beside: Beside) -> int:
    journal.set_up(debug=settings.debug)
    descriptors.raise_limit()
    for name in legacy_names():
        logger.warning(
            "a setting of the former product is ignored", extra={"setting": name}
        )
    refused: StartError | None = None
    try:
        uvloop.run(_until_told_to_stop(settings, beside))
    except* WorkersKeepDying:
        refused = StartError(
            "the processes that serve the proxy keep dying; their log lines say why",
            exit_code=FAILURE,
        )
    except* StartError as group:
        refused = _first(group)
    if refused is not None:
        # Python 3.11.2 makes a group of what is raised within except*.
        raise refused
    return 0


def _first(refused: BaseExceptionGroup[StartError]) -> StartError:
    found = refused.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def _until_told_to_stop(settings: Settings, beside: Beside) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _told, stop, number)
    async with running(settings) as appliance:
        hang_up = _restart(appliance, stop)
        loop.add_signal_handler(signal.SIGHUP, hang_up)
        garbage.settle()
        print(welcome(appliance, settings), flush=True)
        extra = asyncio.create_task(beside(appliance))
        extra.add_done_callback(_say_why)
        await stop.wait()
        logger.info("stopping")
        extra.cancel()
        await asyncio.wait([extra])
    logger.info("stopped")


def _restart(appliance: Appliance, stop: asyncio.Event) -> Callable[[], None]:
    """SIGHUP restarts the workers; where there are none, a terminal was closed."""
    restarts: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        if appliance.workers is None:
            stop.set()
            return
        task = asyncio.create_task(appliance.workers.restart())
        restarts.add(task)
        task.add_done_callback(restarts.discard)

    return hang_up


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("the sample traffic ended", exc_info=task.exception())


def _told(stop: asyncio.Event, number: int) -> None:
    """The first signal drains, a second one ends at once."""
    if stop.is_set():
        os._exit(128 + number)
    stop.set()


def _migrate(settings: Settings, arguments: argparse.Namespace) -> int:
    for name in asyncio.run(migrate_now(settings)):
        print(f"applied {name}")
    return 0


def _backup(settings: Settings, arguments: argparse.Namespace) -> int:
    size = archive.back_up(settings, arguments.file)
    print(f"wrote {arguments.file}, {size:,} bytes")
    return 0


def _restore(settings: Settings, arguments: argparse.Namespace) -> int:
    archive.restore(settings, arguments.file, replace=arguments.replace)
    print(f"restored {arguments.file}")
    return 0


def _settings(settings: Settings, arguments: argparse.Namespace) -> int:
    # `apimonitor settings | head` is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name, value, default, meaning in describe(settings):
        print(f"{name}\n  value    {value}\n  default  {default}\n  {meaning}\n")
    return 0


def _token(settings: Settings, arguments: argparse.Namespace) -> int:
    print(asyncio.run(create_token(settings, arguments.name)))
    return 0


def _deadletter(settings: Settings, arguments: argparse.Namespace) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if arguments.action == "list":
        for line in letters.listed(settings):
            print(line)
        return 0
    if arguments.action == "discard" and not arguments.id:
        print("apimonitor: name the ids that are to be discarded", file=sys.stderr)
        return USAGE
    do = letters.retry if arguments.action == "retry" else letters.discard
    tried = asyncio.run(do(settings, arguments.id))
    for one in tried:
        print(f"{one.letter.id}\t{one.outcome}")
    return 0 if all(one.is_gone for one in tried) else FAILURE


def _healthcheck(settings: Settings, arguments: argparse.Namespace) -> int:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return 0 if connection.getresponse().status == 200 else FAILURE
    except OSError as error:
        print(f"not healthy: {error.strerror}", file=sys.stderr)
        return FAILURE
    finally:
        connection.close()


def _refuse(sentence: str, exit_code: int) -> None:
    print(f"apimonitor: {sentence}", file=sys.stderr)
    sys.exit(exit_code)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    cli()
