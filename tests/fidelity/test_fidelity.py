"""Our proxy holds every rule; the rules can be kept, and broken, by others."""

import re

import pytest

from tests.fidelity.__main__ import DOCUMENT, MARK, outcomes, score
from tests.fidelity.proxies import PROXIES, ours
from tests.fidelity.rule import Rule, Verdict, judge
from tests.fidelity.rules import GROUPS, RULES
from tests.support.programs import path_of


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_our_proxy_holds(rule: Rule) -> None:
    async with ours() as stage:
        outcome = await judge(rule, stage)
    assert outcome.verdict is Verdict.OK, outcome.text


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
async def test_another_proxy_keeps_most_rules_and_breaks_one(name: str) -> None:
    if path_of(name) is None:
        pytest.skip(f"no {name}: apt-get install {name}")
    rules = GROUPS["Fields"] + GROUPS["Connections"]
    async with PROXIES[name]() as stage:
        found = await outcomes(stage, rules)
    assert score(found)[Verdict.OK] > len(rules) * 0.7
    broken = {o.rule.name for o in found if o.verdict is Verdict.MUST_BROKEN}
    assert "a_request_says_that_it_came_by_a_proxy" in broken


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_rule_is_documented_with_its_section() -> None:
    table = DOCUMENT.read_text().partition(MARK)[2]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (\S+) \|", table, re.MULTILINE)
    assert rows == [(rule.name, rule.section, str(rule.kind)) for rule in RULES]
