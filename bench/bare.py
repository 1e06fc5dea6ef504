"""What the barest exchange costs: the same few bytes of request, 1 KiB of answer."""

from contextlib import ExitStack
from pathlib import Path

from bench.contenders import CONNECTIONS, Contender, Sending, rounds_of
from bench.cost import NGINX, NODE, PASSED, STORED, print_aims, print_costs
from bench.others import node_http_proxy
from bench.processes import appliance_of, postgres_of
from bench.stage import NGINX_PORT, NODE_PORT, PROXY_PORT, UPSTREAM_PORT, Stage

ROUNDS, ROUND_S = 5, 2
DIFFERING = "ours, captured, each with a line of its own"
# For wrk: a header line that no other request has.
DIFFERING_LINES = """
n = 0
request = function()
  n = n + 1
  return wrk.format("GET", nil, {["X-Request-Id"] = "id-" .. n})
end
"""


def measure(stage: Stage) -> None:
    """Print the table; all of it stored."""
    with ExitStack() as stack:
        contenders = _contenders(stage, stack)
        results = rounds_of(
            stage,
            contenders,
            count=ROUNDS,
            seconds=ROUND_S,
            upstream=[stage.upstream],
        )
    shape = f"{CONNECTIONS} connections, {ROUNDS} rounds of {ROUND_S} s, medians"
    print(f"\nbare requests: {shape}\n")
    print_costs(results)
    print_aims(results, against_nginx=2.5)


def _contenders(stage: Stage, stack: ExitStack) -> list[Contender]:
    script = stage.folder / "differing.lua"
    script.write_text(DIFFERING_LINES)
    found = [
        Contender(
            name=NGINX,
            host="localhost",
            port=NGINX_PORT,
            path="/a",
            pids=lambda: [stage.nginx],
        ),
        _ours(stage, PASSED, "/passed/a"),
        _ours(stage, STORED, "/captured/a"),
        _ours(stage, DIFFERING, "/captured/a", script),
    ]
    node = stack.enter_context(node_http_proxy(port=NODE_PORT, upstream=UPSTREAM_PORT))
    if node is not None:
        found.append(
            Contender(
                name=NODE,
                host="localhost",
                port=NODE_PORT,
                path="/a",
                pids=lambda: [node],
            )
        )
    return found


def _ours(stage: Stage, name: str, path: str, script: Path | None = None) -> Contender:
    def sending() -> Sending:
        assert script is not None
        return Sending(script=script, errors_of=lambda requests: 0)

    return Contender(
        name=name,
        host="localhost",
        port=PROXY_PORT,
        path=path,
        pids=lambda: appliance_of(stage.ours),
        beside=lambda: postgres_of(stage.ours),
        sending=sending if script else None,
        is_stored=name != PASSED,
    )
