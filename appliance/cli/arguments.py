"""Arguments of `apimonitor`: its commands, and what each of them takes."""

import argparse
from collections.abc import Callable
from pathlib import Path
from uuid import UUID


def parser() -> argparse.ArgumentParser:
    """Of all commands."""
    made = argparse.ArgumentParser(
        prog="apimonitor",
        description="A reverse proxy that records, searches, replays and compares "
        "HTTP traffic. Settings are environment variables: `apimonitor settings`.",
    )
    made.add_argument("--version", action="store_true", help="the version and build")
    commands = made.add_subparsers(metavar="command", dest="command")

    def add(name: str, meaning: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=meaning, description=meaning)

    add("serve", "start the proxy, the app and the recorder")
    add("demo", "serve, with a small upstream and sample traffic")
    _add_fill(add("fill", "store made-up logs, to see how much data feels"))
    add("migrate", "apply pending migrations and exit")
    backup = add("backup", "write all that PostgreSQL holds of ours to a file")
    backup.add_argument(
        "file", type=Path, help="where to, and it is not there yet; -: standard output"
    )
    restore = add("restore", "put a backup in, while no appliance runs")
    restore.add_argument("file", type=Path, help="what backup wrote")
    restore.add_argument(
        "--replace", action="store_true", help="what is there goes, once this is in"
    )
    add("settings", "list all settings: value, default, meaning")
    _add_token(add("token", "make, list and revoke admin tokens for /v1"))
    dead = add("deadletter", "records that PostgreSQL refused; see docs/operations.md")
    dead.add_argument("action", choices=["list", "retry", "discard"])
    dead.add_argument(
        "id", nargs="*", type=UUID, help="which ones; of retry: all where none is named"
    )
    add("healthcheck", "exit 0 if the app on this machine is healthy")
    return made


def _add_fill(fill: argparse.ArgumentParser) -> None:
    fill.add_argument(
        "--logs", default=100_000, type=_number(1, 10**9), metavar="N", help="how many"
    )
    fill.add_argument(
        "--days",
        default=7,
        type=_number(1, 3650),
        metavar="N",
        help="over how many, up to now; no more than RETENTION_DAYS",
    )
    fill.add_argument(
        "--services", default=8, type=_number(1, 1000), metavar="N", help="of how many"
    )
    fill.add_argument(
        "--seed",
        default=1,
        type=_number(0, 2**32),
        metavar="N",
        help="the same one makes the same kinds of logs",
    )


def _add_token(token: argparse.ArgumentParser) -> None:
    actions = token.add_subparsers(metavar="action", dest="action", required=True)
    create = actions.add_parser("create", help="a new one, shown this once")
    create.add_argument(
        "--name", default="command line", type=_token_name, help="what it is for"
    )
    create.add_argument("--read-only", action="store_true", help="it changes nothing")
    create.add_argument(
        "--expires-in-days",
        type=_number(1, 3650),
        metavar="N",
        help="unset: it lasts until revoked",
    )
    actions.add_parser("list", help="all, without their secrets")
    revoke = actions.add_parser("revoke", help="make some useless, at once")
    revoke.add_argument("id", nargs="+", type=UUID, help="as `list` shows it")


def _token_name(text: str) -> str:
    is_text = "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)
    if not is_text or not text.strip() or len(text) > 128:
        raise argparse.ArgumentTypeError("must be text of 1 to 128 characters")
    return text


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= 12
        if not is_number or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {least} to {most}"
            )
        return int(text)

    return number
