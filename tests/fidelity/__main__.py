"""The command: what a proxy keeps of the rules.

Ours, nginx and HAProxy side by side; or any proxy that runs already and forwards to the
port that is named: `--proxy http://127.0.0.1:8080 --upstream-port 9000`.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from tests.fidelity.proxies import PROXIES
from tests.fidelity.rule import Outcome, Rule, Verdict, judge
from tests.fidelity.rules import GROUPS, RULES
from tests.fidelity.stage import Stage, scripted
from tests.support.programs import path_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "fidelity.md"
MARK = "<!-- python -m tests.fidelity --write -->"
# Idle connections of the proxy under test notice that their upstream is gone.
PAUSE_S = 0.01


async def outcomes(stage: Stage, rules: tuple[Rule, ...] = RULES) -> list[Outcome]:
    found = []
    for rule in rules:
        found.append(await judge(rule, stage))
        await asyncio.sleep(PAUSE_S)
    return found


def score(found: list[Outcome]) -> Counter[Verdict]:
    return Counter(outcome.verdict for outcome in found)


async def _one(url: str, port: int, patience_s: float, only: str) -> list[Outcome]:
    """A proxy that runs already, and forwards to *port*."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    address = "127.0.0.1" if name.endswith("localhost") else name
    async with scripted(port) as upstream:
        stage = Stage(
            address=(address, parts.port or 80),
            host=parts.netloc.encode(),
            upstream=upstream,
            patience_s=patience_s,
        )
        return await outcomes(stage, _named(only))


def _named(only: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if only in rule.name)


def _print_one(found: list[Outcome]) -> None:
    for outcome in found:
        text = f"  ({outcome.text})" if outcome.text else ""
        print(f"{outcome.verdict:12} {outcome.rule.name}{text}")
    print("\n" + ", ".join(f"{score(found)[verdict]} {verdict}" for verdict in Verdict))


async def _side_by_side(only: str) -> dict[str, list[Outcome]]:
    found = {}
    for name, standing in PROXIES.items():
        if name == "ours" or path_of(name):
            async with standing() as stage:
                found[name] = await outcomes(stage, _named(only))
    return found


def _side_by_side_text(found: dict[str, list[Outcome]]) -> str:
    """As docs/fidelity.md has it."""
    lines = [_row(["", *found]), _row(["---"] * (len(found) + 1))]
    for verdict in Verdict:
        counts = [str(score(column)[verdict]) for column in found.values()]
        lines.append(_row([verdict, *counts]))
    verdicts = {
        name: {outcome.rule.name: outcome.verdict for outcome in column}
        for name, column in found.items()
    }
    for title, rules in GROUPS.items():
        lines += ["", f"### {title}", "", _row(["rule", "RFC", "kind", *found])]
        lines.append(_row(["---"] * (len(found) + 3)))
        for rule in rules:
            cells = [column.get(rule.name, "") for column in verdicts.values()]
            lines.append(_row([f"`{rule.name}`", rule.section, rule.kind, *cells]))
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _write(text: str) -> None:
    """The page's end is the table."""
    page = DOCUMENT.read_text()
    before, mark, _ = page.partition(MARK)
    DOCUMENT.write_text(f"{before}{mark}\n\n{text}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity")
    parser.add_argument("--proxy", metavar="URL", help="a proxy that runs already")
    parser.add_argument("--upstream-port", type=int, default=9000, metavar="N")
    parser.add_argument("--patience-s", type=float, default=3, metavar="S")
    parser.add_argument("--only", default="", metavar="WORD", help="in a rule's name")
    parser.add_argument("--write", action="store_true", help="into docs/fidelity.md")
    given = parser.parse_args()
    if given.proxy:
        found = _one(given.proxy, given.upstream_port, given.patience_s, given.only)
        _print_one(asyncio.run(found))
    else:
        text = _side_by_side_text(asyncio.run(_side_by_side(given.only)))
        if given.write:
            _write(text)
        print(text)


if __name__ == "__main__":
    main()
