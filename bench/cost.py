"""The table of what an exchange costs each proxy, and the ratios that are aimed at."""

from collections.abc import Mapping
from statistics import median

from bench.asking import percentile
from bench.contenders import Round

NGINX = "nginx proxy_pass, no capture"
PASSED = "ours, not recording"
STORED = "ours, captured and stored"
NODE = "node http-proxy, no capture"
MITM = "mitmdump, writing flows"
Rounds = Mapping[str, list[Round]]


def print_costs(results: Rounds) -> None:
    """A line a contender; medians, and the range of what was against nginx in turn."""
    print(
        "| | CPU µs / exchange | against nginx | PostgreSQL µs | exchanges / s "
        "| saturated p50 ms | p99 ms |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, rounds in results.items():
        beside = median(r.beside_us for r in rounds)
        rate = median(r.answered.per_second for r in rounds)
        p50 = median(r.answered.p50_ms for r in rounds)
        p99 = median(r.answered.p99_ms for r in rounds)
        print(
            f"| {name} | {cpu(rounds):.1f} | {_against(results, name)} "
            f"| {beside:.1f} | {rate:.0f} | {p50:.2f} | {p99:.2f} |"
        )
    print("\nThe CPU of ours is that of all its processes: proxy, spool and recorder.")


def print_steady(found: Mapping[str, list[float]], *, per_second: int) -> None:
    """What each request took, ms, at so many a second on several connections."""
    print(f"\n| at {per_second} a second | p50 ms | p99 ms | p99 against nginx |")
    print("|---|---|---|---|")
    base = percentile(found[NGINX], 0.99)
    for name, taken in found.items():
        high = percentile(taken, 0.99)
        print(f"| {name} | {median(taken):.2f} | {high:.2f} | {high / base:.2f} |")


def print_aims(results: Rounds, *, against_nginx: float) -> None:
    stored = cpu(results[STORED])
    print("\n| captured and stored | measured | aim |")
    print("|---|---|---|")
    measured = _against(results, STORED)
    print(f"| against nginx, pass only | {measured} | ≤ {against_nginx} |")
    if NODE in results:
        share = stored / cpu(results[NODE])
        print(f"| against node http-proxy, pass only | {share:.2f} | ≤ 0.7 |")
    if MITM in results:
        share = cpu(results[MITM]) / stored
        print(f"| mitmdump against ours | {share:.1f} | ≥ 20 |")
    beside = median(r.beside_us for r in results[STORED])
    print(f"| PostgreSQL µs | {beside:.1f} | ≤ 40 |")
    added = stored - cpu(results[PASSED])
    print(f"| capturing and storing adds, µs | {added:.1f} | |")


def cpu(rounds: list[Round]) -> float:
    return median(r.cpu_us for r in rounds)


def _against(results: Rounds, name: str) -> str:
    ratio = cpu(results[name]) / cpu(results[NGINX])
    each = [
        mine.cpu_us / base.cpu_us
        for mine, base in zip(results[name], results[NGINX], strict=True)
    ]
    if name == NGINX:
        return "1.00"
    return f"{ratio:.2f} ({min(each):.2f} to {max(each):.2f})"
