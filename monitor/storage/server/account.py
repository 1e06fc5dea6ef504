"""The account as which PostgreSQL runs, which refuses root."""

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.storage.server.programs import UnusableServerError, run

NOBODY = "65534"
ACCOUNTS = ("postgres", "nobody")


def unprivileged(*directories: Path) -> tuple[list[str], dict[str, Any]]:
    """How to run what refuses uid 0, and a uid without a passwd entry.

    A user namespace makes no account and changes no owner; where there is none, the
    files in *directories* are given to postgres or nobody.
    """
    if os.geteuid() != 0 and _has_passwd_entry():
        return [], {}
    mapped = [f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    namespace = ["unshare", "--user", *mapped, "--"]
    if shutil.which("unshare") and not run([*namespace, "true"]).returncode:
        _take_back(directories)
        return namespace, {}
    if os.geteuid() != 0:
        return [], {}
    return [], _give_away(directories)


def owners() -> set[int]:
    """Whose the files may be: ours, and of the account that root gives them to."""
    if os.geteuid() != 0:
        return {os.geteuid()}
    return {0, *(account.pw_uid for account in _accounts())}


def _give_away(directories: tuple[Path, ...]) -> dict[str, Any]:
    for account in _accounts():
        _own(directories, account.pw_uid, account.pw_gid)
        return {
            "user": account.pw_uid,
            "group": account.pw_gid,
            "extra_groups": [],
        }
    raise UnusableServerError(
        "PostgreSQL refuses root, and there are neither user namespaces nor a "
        "postgres or nobody account: run as an ordinary user"
    )


def _take_back(directories: tuple[Path, ...]) -> None:
    """What an earlier start without namespaces gave away is unreadable in one."""
    if directories[0].stat().st_uid != os.geteuid():
        _own(directories, os.geteuid(), os.getegid())


def _own(directories: tuple[Path, ...], uid: int, gid: int) -> None:
    for top in set(directories):
        for folder, _, files in os.walk(top):
            for path in (folder, *(os.path.join(folder, f) for f in files)):
                os.lchown(path, uid, gid)


def _accounts() -> Iterator[pwd.struct_passwd]:
    for name in ACCOUNTS:
        try:
            yield pwd.getpwnam(name)
        except KeyError:
            continue


def _has_passwd_entry() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True
