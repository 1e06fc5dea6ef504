"""What a rule is, and how its outcome is named."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.fidelity.stage import Stage
from tests.fidelity.strict import Incomplete, Malformed

LIMIT_S = 5.0
Run = Callable[[Stage], Awaitable[None]]


class Kind(StrEnum):
    """MUST: an RFC demands it; WANTED: none does, but whoever wants a proxy to be
    unnoticed; MALFORMED: such bytes are not passed on."""

    MUST = "MUST"
    WANTED = "wanted"
    MALFORMED = "malformed"


class Verdict(StrEnum):
    OK = "ok"
    MUST_BROKEN = "MUST broken"
    PASSED_ON = "passed on"
    MENDED = "mended"
    MISSED = "missed"


class PassedOn(Exception):
    """Malformed bytes came out at the other side."""


class Mended(Exception):
    """Malformed bytes were understood in one way, and passed on as that."""


@dataclass(frozen=True, slots=True)
class Rule:
    """*section*: of RFC 9110, 9112 and so on. *run* raises where it is not held."""

    name: str
    section: str
    kind: Kind
    run: Run


def rule(run: Run, section: str, kind: Kind) -> Rule:
    """A rule that is called what its function is."""
    return Rule(run.__name__, section, kind, run)


@dataclass(frozen=True, slots=True)
class Outcome:
    rule: Rule
    verdict: Verdict
    text: str = ""


async def judge(rule: Rule, stage: Stage) -> Outcome:
    """Run one rule; whatever it left behind is cleared."""
    try:
        async with asyncio.timeout(LIMIT_S):
            await rule.run(stage)
    except PassedOn as passed:
        return Outcome(rule, Verdict.PASSED_ON, str(passed))
    except Mended as mended:
        return Outcome(rule, Verdict.MENDED, str(mended))
    except TimeoutError:
        return Outcome(rule, _broken(rule), f"nothing within {LIMIT_S:g} s")
    except (AssertionError, Malformed, Incomplete, OSError, ValueError) as error:
        return Outcome(rule, _broken(rule), _told(error))
    finally:
        await stage.clear()
    return Outcome(rule, Verdict.OK)


def _told(error: Exception) -> str:
    """What went wrong, and the line of the rule that noticed."""
    line = traceback.extract_tb(error.__traceback__)[-1].line
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__} {said} at: {line}"


def _broken(rule: Rule) -> Verdict:
    return Verdict.MISSED if rule.kind is Kind.WANTED else Verdict.MUST_BROKEN
