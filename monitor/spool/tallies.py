"""All tallies of an installation, those of processes that are gone included."""

from collections import Counter
from pathlib import Path
from threading import Lock
from uuid import UUID

import orjson

from monitor.files.atomic import replace
from monitor.files.damaged import make_way, put_aside
from monitor.spool.segments import is_held
from monitor.spool.tally import SUFFIX, Counts, Damaged, read, settled

COUNTS = "counts: the ledger will not close until it is written off"


class Tallies:
    """Reads the tallies of living processes and takes over those of dead ones.

    What is taken over goes into one file, replaced as a whole, which names the tallies
    it took: one that is still there after a crash is not counted twice. Only the main
    process uses this.
    """

    def __init__(self, directory: Path, *, spool: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._spool = spool
        self._base = directory / "base.json"
        # Asked by the loop and by threads.
        self._turn = Lock()
        self._taken, self._counts = self._load()

    def counts(self) -> Counts:
        """Of all processes, as they are now."""
        with self._turn:
            self._take_over()
            total = Counter(self._counts)
            for path in self._directory.glob(f"*{SUFFIX}"):
                try:
                    total.update(read(path))
                except Damaged:
                    # Of a living process, which goes on counting: looked at once it
                    # is over.
                    continue
            return total

    def settle(self) -> None:
        """Take over the tallies of processes that are gone.

        To be done before a segment is removed: it may have to say what became of its
        writer's last exchange.
        """
        with self._turn:
            self._take_over()

    def _take_over(self) -> None:
        dead = [p for p in self._directory.glob(f"*{SUFFIX}") if self._is_over(p)]
        new = [path for path in dead if path.name not in self._taken]
        if new:
            total = Counter(self._counts)
            for path in new:
                try:
                    total.update(settled(path, self._spool))
                except Damaged:
                    put_aside(path, COUNTS)
            taken = frozenset(path.name for path in dead)
            self._save(taken, total)
            self._taken, self._counts = taken, dict(total)
        for path in dead:
            path.unlink(missing_ok=True)

    def _is_over(self, path: Path) -> bool:
        """Whether its process is gone; what nobody can read is put aside at once."""
        try:
            return not make_way(path, COUNTS) and not is_held(path)
        except PermissionError:
            put_aside(path, COUNTS)
            return False

    def _load(self) -> tuple[frozenset[str], Counts]:
        make_way(self._base, COUNTS)
        try:
            return _read(self._base.read_bytes())
        except FileNotFoundError:
            return frozenset(), {}
        except (ValueError, KeyError, TypeError, AttributeError):
            put_aside(self._base, COUNTS, stem=self._base.stem)
            return frozenset(), {}

    def _save(self, taken: frozenset[str], counts: Counts) -> None:
        content = orjson.dumps(
            {
                "taken": sorted(taken),
                "counts": [[id, word, n] for (id, word), n in sorted(counts.items())],
            }
        )
        replace(self._base, content)


def _read(content: bytes) -> tuple[frozenset[str], Counts]:
    """Raises one of many errors where it is not what was saved."""
    kept = orjson.loads(content)
    counts = {(UUID(id), str(word)): int(n) for id, word, n in kept["counts"]}
    return frozenset(map(str, kept["taken"])), counts
