"""Commands of `apimonitor`: what each does, once the settings are read."""

import asyncio
import gc
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module

from appliance.cli import backup, dead_letters, healthcheck, tokens
from appliance.data.database import migrate_now
from appliance.data.directory import StartError
from appliance.exit_codes import ExitCode
from monitor.build import how_it_runs, version_name
from monitor.errors import Conflict, MonitorError
from monitor.settings import Settings, SettingsError, describe, load
from monitor.storage.database.pool import reason_of


def run(arguments: Namespace) -> int:
    """The exit code; what went wrong is said in one line."""
    try:
        return COMMANDS[arguments.command](load(), arguments)
    except SettingsError as error:
        return _refused(str(error), ExitCode.CONFIGURATION)
    except StartError as error:
        return _refused(str(error), error.exit_code)
    except Conflict as error:
        return _refused(error.detail, ExitCode.FAILURE)
    except MonitorError as error:
        return _refused(f"{error.detail}: {reason_of(error)}", ExitCode.UNAVAILABLE)


def version() -> str:
    return f"apimonitor {version_name()}, {how_it_runs()}"


def _refused(sentence: str, exit_code: ExitCode) -> int:
    print(f"apimonitor: {sentence}", file=sys.stderr)
    return exit_code


def _serving(settings: Settings, arguments: Namespace) -> int:
    """What serves is large, and takes a second to import: others do without it."""
    # None of it is garbage, and to look for that takes a sixth of the time.
    gc.disable()
    serving = import_module("appliance.cli.serving")
    gc.enable()
    done: int = serving.run(settings, arguments)
    return done


def _migrate(settings: Settings, arguments: Namespace) -> int:
    for name in asyncio.run(migrate_now(settings)):
        print(f"applied {name}")
    return ExitCode.OK


def _backup(settings: Settings, arguments: Namespace) -> int:
    if str(arguments.file) == "-":
        if sys.stdout.isatty():
            print("apimonitor: a backup is no text for a terminal", file=sys.stderr)
            return ExitCode.USAGE
        backup.stream(settings, sys.stdout.fileno())
        return ExitCode.OK
    size = backup.back_up(settings, arguments.file)
    print(f"wrote {arguments.file}, {size:,} bytes")
    return ExitCode.OK


def _restore(settings: Settings, arguments: Namespace) -> int:
    backup.restore(settings, arguments.file, replace=arguments.replace)
    print(f"restored {arguments.file}")
    return ExitCode.OK


def _settings(settings: Settings, arguments: Namespace) -> int:
    # `apimonitor settings | head` is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name, value, default, meaning in describe(settings):
        print(f"{name}\n  value    {value}\n  default  {default}\n  {meaning}\n")
    return ExitCode.OK


def _token(settings: Settings, arguments: Namespace) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    match arguments.action:
        case "create":
            days = arguments.expires_in_days
            expires_at = datetime.now(UTC) + timedelta(days) if days else None
            made = tokens.create(
                settings,
                arguments.name,
                read_only=arguments.read_only,
                expires_at=expires_at,
            )
            print(asyncio.run(made))
        case "list":
            for line in asyncio.run(tokens.listed(settings)):
                print(line)
        case "revoke":
            unknown = asyncio.run(tokens.revoke(settings, arguments.id))
            for id in arguments.id:
                print(f"{id}\t{'no such token' if id in unknown else 'revoked'}")
            return ExitCode.FAILURE if unknown else ExitCode.OK
    return ExitCode.OK


def _deadletter(settings: Settings, arguments: Namespace) -> int:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if arguments.action == "list":
        for line in dead_letters.listed(settings):
            print(line)
        return ExitCode.OK
    if arguments.action == "discard" and not arguments.id:
        print("apimonitor: name the ids that are to be discarded", file=sys.stderr)
        return ExitCode.USAGE
    do = dead_letters.retry if arguments.action == "retry" else dead_letters.discard
    tried = asyncio.run(do(settings, arguments.id))
    for one in tried:
        print(f"{one.letter.id}\t{one.outcome}")
    unknown = set(arguments.id) - {one.letter.id for one in tried}
    for id in sorted(unknown):
        print(f"{id}\tno such dead letter")
    return (
        ExitCode.FAILURE
        if unknown or not all(one.is_gone for one in tried)
        else ExitCode.OK
    )


def _healthcheck(settings: Settings, arguments: Namespace) -> int:
    """Only asked where *health* cannot tell by itself where the app is."""
    return healthcheck.check(settings.host, settings.port)


COMMANDS: dict[str, Callable[[Settings, Namespace], int]] = {
    "serve": _serving,
    "demo": _serving,
    "fill": _serving,
    "migrate": _migrate,
    "backup": _backup,
    "restore": _restore,
    "settings": _settings,
    "token": _token,
    "deadletter": _deadletter,
    "healthcheck": _healthcheck,
}
