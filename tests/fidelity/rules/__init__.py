"""All rules, in the order in which they are shown."""

from tests.fidelity.rule import Rule
from tests.fidelity.rules import (
    bad_requests,
    bad_responses,
    bodies,
    connections,
    fields,
    interim,
    slow,
    targets,
    upgrades,
)

GROUPS: dict[str, tuple[Rule, ...]] = {
    "Fields": fields.RULES,
    "Methods and targets": targets.RULES,
    "Bodies": bodies.RULES,
    "Interim answers and HTTP/1.0": interim.RULES,
    "Connections": connections.RULES,
    "Upgrades": upgrades.RULES,
    "Malformed requests": bad_requests.RULES,
    "Malformed answers": bad_responses.RULES,
    "Slow clients": slow.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for group in GROUPS.values() for rule in group)
