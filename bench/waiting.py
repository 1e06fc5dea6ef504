"""How long requests wait for their answers while other things go on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle, islice, takewhile
from statistics import median

from bench import beside
from bench.asking import CONNECTIONS, asked, percentile
from bench.beside import GoesOn, Pushed
from bench.contenders import Contender, load
from bench.corpus.corpus import corpus
from bench.corpus.upstream import answering
from bench.processes import PASSING, appliance_of, nginx
from bench.real import contender_of
from bench.stage import PROXY_PORT, SHOP_NGINX_PORT, SHOP_PORT, Stage, register

ROUNDS = 3
# In each, and at most beside what has an end of its own.
REQUESTS, MOST_REQUESTS = 1000, 10_000
PER_SECOND = 1000
SATURATED_S = 2
NGINX, OURS = "nginx", "ours"
Work = Callable[[], AbstractContextManager[GoesOn | None]]
# p50 and p99, ms.
Waited = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """*base*: whose p99 of the same round is to be met, times *aim*."""

    name: str
    ask: Callable[[], Waited]
    base: str = OURS
    aim: float | None = None
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def measure(self) -> None:
        p50, p99 = self.ask()
        self.p50_ms.append(p50)
        self.p99_ms.append(p99)


def measure(stage: Stage) -> None:
    """Print the table; conditions in turn, so that a slow minute hits all alike."""
    with ExitStack() as stack:
        stack.enter_context(answering(corpus(), stage.folder, port=SHOP_PORT))
        register(stage.app, "waiting", SHOP_PORT)
        pid = stack.enter_context(
            nginx(PASSING, stage.folder, port=SHOP_NGINX_PORT, upstream=SHOP_PORT)
        )
        through_nginx = contender_of(
            stage, NGINX, "localhost", SHOP_NGINX_PORT, lambda: [pid]
        )
        ours = contender_of(
            stage,
            OURS,
            "waiting.localhost",
            PROXY_PORT,
            partial(appliance_of, stage.ours),
        )
        pushed = Pushed(stage)
        conditions = list(_conditions(stage, through_nginx, ours, pushed))
        for _ in range(ROUNDS):
            for condition in conditions:
                condition.measure()
                stage.wait_until_stored()
    pace = f"{PER_SECOND} a second on {CONNECTIONS} connections"
    print(f"\nreal requests, {pace}, {ROUNDS} rounds;")
    print(f"a batch has {beside.ROWS:,} rows, an archive {pushed.archive_mb:.0f} MB\n")
    _print({condition.name: condition for condition in conditions})


def _conditions(
    stage: Stage, through_nginx: Contender, ours: Contender, pushed: Pushed
) -> Iterator[Condition]:
    asking = _Asking()
    few = f"ours, beside {beside.idle_count():,} idle connections"
    request = corpus()[0].request(ours.authority, f"{0:016x}")
    works: dict[str, tuple[float, Work]] = {
        "ours, PostgreSQL standing still": (1.1, partial(beside.frozen, stage)),
        few: (1.5, partial(beside.idle, ours.port, request)),
        "ours, while a batch is taken": (1.5, pushed.batch),
        "ours, while all logs are exported": (1.5, pushed.export),
        "ours, while an archive is imported": (1.5, pushed.har),
    }
    yield Condition(name=NGINX, ask=partial(asking.of, through_nginx))
    yield Condition(name=OURS, ask=partial(asking.of, ours), base=NGINX, aim=1.5)
    for name, (aim, work) in works.items():
        yield Condition(name=name, ask=partial(asking.of, ours, work), aim=aim)
    saturated = f"{NGINX}, saturated"
    yield Condition(name=saturated, ask=partial(_saturated, through_nginx))
    yield Condition(
        name="ours, saturated", ask=partial(_saturated, ours), base=saturated, aim=2.0
    )


class _Asking:
    """Goes through the corpus; no two requests have the same id."""

    def __init__(self) -> None:
        self._numbers = count()
        self._exchanges = cycle(corpus())

    def of(self, contender: Contender, work: Work = nullcontext) -> Waited:
        """For as long as *work* goes on, where that has an end."""
        with work() as goes_on:
            requests = self._requests(contender.authority)
            some = islice(requests, REQUESTS)
            if goes_on is not None:
                some = islice(takewhile(lambda _: goes_on(), requests), MOST_REQUESTS)
            taken = asked(contender.port, some, per_second=PER_SECOND)
        return percentile(taken, 0.5), percentile(taken, 0.99)

    def _requests(self, authority: str) -> Iterator[bytes]:
        for exchange, number in zip(self._exchanges, self._numbers, strict=False):
            yield exchange.request(authority, f"{number:016x}")


def _saturated(contender: Contender) -> Waited:
    answered = load(contender, seconds=SATURATED_S)
    return answered.p50_ms, answered.p99_ms


def _print(conditions: dict[str, Condition]) -> None:
    print("| | p50 ms | p99 ms | in the best round | p99 against | aim |")
    print("|---|---|---|---|---|---|")
    for name, found in conditions.items():
        p50, p99, best = median(found.p50_ms), median(found.p99_ms), min(found.p99_ms)
        line = f"| {name} | {p50:.2f} | {p99:.2f} | {best:.2f} |"
        if found.aim is None:
            print(f"{line} | |")
            continue
        base = conditions[found.base]
        each = [b / a for a, b in zip(base.p99_ms, found.p99_ms, strict=True)]
        spread = f"{median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
        print(f"{line} {spread} x {base.name} | ≤ {found.aim} |")
