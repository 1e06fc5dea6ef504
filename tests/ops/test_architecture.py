"""docs/architecture.md names every room, and its walks go the way imports do."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
HOUSES = ("appliance", "proxy", "api", "web", "monitor")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
# The layers of each house, from the top; those that stand side by side are one layer.
LAYERS = {
    contract.get("containers", [""])[0]: [
        re.split(r" [|:] ", layer) for layer in contract["layers"]
    ]
    for contract in CONTRACTS["contracts"]
    if contract["type"] == "layers"
}


def rooms() -> set[str]:
    """Folders of code; monitor.storage is a house within a house."""
    return {
        str(path.parent.relative_to(ROOT))
        for house in HOUSES
        for path in (ROOT / house).glob("*/**/*.py")
        if path.parent.name != "__pycache__"
    } - {"monitor/storage"}


def walks() -> list[list[tuple[int, bool, str]]]:
    """Of each walk: how deep a hop is, whether it returns, and its file."""
    found = []
    for title in ("One exchange", "One query"):
        block = PAGE.split(f"## {title}\n")[1].split("```\n")[1]
        hops = re.findall(r"^( *)(↩ )?([\w/]+)\.py:", block, re.MULTILINE)
        found.append([(len(deep), bool(mark), file) for deep, mark, file in hops])
    return found


def is_below(file: str, other: str) -> bool:
    """Whether *file* is in the same room as *other*, or in one that it may import."""
    here, there = file.split("/"), other.split("/")
    container = ""
    while here[0] == there[0]:
        container = f"{container}.{here[0]}".lstrip(".")
        if container not in LAYERS:
            return True
        here, there = here[1:], there[1:]
    number = {
        name.strip("()"): n
        for n, layer in enumerate(LAYERS[container])
        for name in layer
    }
    return number[here[0]] > number[there[0]]


def test_every_room_is_named_once() -> None:
    table = PAGE.split("## Rooms\n")[1].split("\n## ")[0]
    firsts = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    named = [name for cell in firsts for name in re.findall(r"`([^`]+)`", cell)]
    assert len(named) == len(set(named))
    assert rooms() <= set(named)
    assert {"migrations", "bench", "tests"} <= set(named)


def test_a_room_is_named_above_those_that_it_may_import() -> None:
    table = PAGE.split("## Rooms\n")[1].split("\n## ")[0]
    named = [name for name in re.findall(r"`([^`]+)`", table) if name in rooms()]
    for container, layers in LAYERS.items():
        house = container.replace(".", "/")
        within = [n.removeprefix(f"{house}/") for n in named if n.startswith(house)]
        number = {name: n for n, layer in enumerate(layers) for name in layer}
        order = [number[name] for name in within if name in number]
        assert order == sorted(order), container


def test_each_hop_of_a_walk_goes_down_or_returns() -> None:
    for hops in walks():
        assert len(hops) > 10
        above: list[tuple[int, str]] = []
        for depth, returns, file in hops:
            above = [one for one in above if one[0] < depth]
            if above:
                assert is_below(file, above[-1][1]) is not returns, file
            above.append((depth, file))


def test_what_is_changed_often_is_changed_in_three_places_at_most() -> None:
    rows = PAGE.split("## Where do I change …\n")[1].strip().splitlines()[2:]
    assert len(rows) >= 6
    for row in rows:
        _, what, places, *_ = row.split("|")
        assert 1 <= len(places.split(";")) <= 3, what


def test_it_can_be_read_at_a_sitting() -> None:
    # One screen of it says what is remembered, which no single module can.
    assert len(PAGE.splitlines()) <= 245
