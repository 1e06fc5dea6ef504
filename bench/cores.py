"""Which core who is measured runs on, and which one all others share."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def apart(proxies: Iterable[int], others: Iterable[int]) -> Iterator[None]:
    """*proxies* on the first core, *others* and what this process starts on the rest.

    A proxy that shares its core with who asks it is measured with the switches between
    them. Where there is one core, nothing is done.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        yield
        return
    proxies, others = list(proxies), [*others, os.getpid()]
    _put(proxies, {cores[0]})
    _put(others, set(cores[1:]))
    try:
        yield
    finally:
        _put([*proxies, *others], set(cores))


def _put(pids: list[int], cores: set[int]) -> None:
    """With all their threads; what they start later inherits it."""
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*"):
            try:
                os.sched_setaffinity(int(task.name), cores)
            except ProcessLookupError:
                continue
