"""What an exchange costs each proxy where clients send what they really send."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import count, cycle, islice

from bench.asking import asked, wrong_answers
from bench.contenders import CONNECTIONS, Contender, Sending, rounds_of
from bench.corpus.corpus import corpus
from bench.corpus.script import failing, write_script
from bench.corpus.upstream import answering
from bench.cost import (
    MITM,
    NGINX,
    NODE,
    PASSED,
    STORED,
    print_aims,
    print_costs,
    print_steady,
)
from bench.others import mitmdump, node_http_proxy
from bench.processes import PASSING, appliance_of, nginx, postgres_of
from bench.stage import (
    MITM_PORT,
    NODE_PORT,
    PROXY_PORT,
    SHOP_NGINX_PORT,
    SHOP_PORT,
    Stage,
    register,
)

ROUNDS, ROUND_S = 5, 2
STEADY_ROUNDS, STEADY_REQUESTS, PER_SECOND = 5, 500, 1000
# So many are compared with the corpus before anything is measured.
COMPARED = 500
# No two sendings have the same id: each round's begin with another number.
IDS_OF_A_ROUND = 4_000_000


def measure(stage: Stage) -> None:
    """Print the table; all answers as they should be, and all of them stored."""
    with ExitStack() as stack:
        upstream = stack.enter_context(
            answering(corpus(), stage.folder, port=SHOP_PORT)
        )
        contenders = list(_contenders(stage, stack))
        for contender in contenders:
            _check_answers(contender)
        results = rounds_of(
            stage, contenders, count=ROUNDS, seconds=ROUND_S, upstream=[upstream]
        )
        steady = _steady(stage, contenders)
    shape = f"{CONNECTIONS} connections, {ROUNDS} rounds of {ROUND_S} s, medians"
    print(f"\nreal exchanges: {len(corpus())} in turn, {shape};")
    print("proxies on one core, the load, upstream and PostgreSQL on others\n")
    print_costs(results)
    print_steady(steady, per_second=PER_SECOND)
    print_aims(results, against_nginx=3.0)


def _contenders(stage: Stage, stack: ExitStack) -> Iterator[Contender]:
    """Each with the bytes of the same requests, but for Host and ids."""
    register(stage.app, "shop", SHOP_PORT)
    register(stage.app, "unrecorded-shop", SHOP_PORT, is_recording=False)
    passing = stack.enter_context(
        nginx(PASSING, stage.folder, port=SHOP_NGINX_PORT, upstream=SHOP_PORT)
    )
    yield contender_of(stage, NGINX, "localhost", SHOP_NGINX_PORT, lambda: [passing])
    yield _ours(stage, PASSED, "unrecorded-shop")
    yield _ours(stage, STORED, "shop")
    node = stack.enter_context(node_http_proxy(port=NODE_PORT, upstream=SHOP_PORT))
    if node is not None:
        yield contender_of(stage, NODE, "localhost", NODE_PORT, lambda: [node])
    mitm = stack.enter_context(
        mitmdump(stage.folder, port=MITM_PORT, upstream=SHOP_PORT)
    )
    if mitm is not None:
        yield contender_of(stage, MITM, "localhost", MITM_PORT, lambda: [mitm])


def _ours(stage: Stage, name: str, service: str) -> Contender:
    made = contender_of(
        stage,
        name,
        f"{service}.localhost",
        PROXY_PORT,
        lambda: appliance_of(stage.ours),
    )
    return replace(
        made,
        beside=lambda: postgres_of(stage.ours),
        is_stored=name == STORED,
    )


def contender_of(
    stage: Stage, name: str, host: str, port: int, pids: Callable[[], list[int]]
) -> Contender:
    rounds = count()

    def sending() -> Sending:
        first = next(rounds) * IDS_OF_A_ROUND
        script = write_script(
            corpus(), stage.folder, host=f"{host}:{port}", first=first
        )
        errors = partial(failing, corpus(), first)
        return Sending(script=script, errors_of=errors)

    return Contender(name=name, host=host, port=port, pids=pids, sending=sending)


def _check_answers(contender: Contender) -> None:
    some = corpus()[:COMPARED]
    if wrong := wrong_answers(contender.port, contender.authority, some):
        said = "\n".join(wrong[:5])
        raise SystemExit(f"{contender.name}: {len(wrong)} answers are wrong:\n{said}")


def _steady(stage: Stage, contenders: list[Contender]) -> dict[str, list[float]]:
    """What each request took, ms; mitmdump does not serve so many a second."""
    found: dict[str, list[float]] = {
        each.name: [] for each in contenders if each.name != MITM
    }
    for number in range(STEADY_ROUNDS):
        some = islice(cycle(corpus()), number * STEADY_REQUESTS, None)
        chosen = list(islice(some, STEADY_REQUESTS))
        for each in contenders:
            if each.name not in found:
                continue
            requests = [
                exchange.request(each.authority, f"{id:016x}")
                for id, exchange in enumerate(chosen)
            ]
            found[each.name] += asked(each.port, requests, per_second=PER_SECOND)
            stage.wait_until_stored()
    return found
