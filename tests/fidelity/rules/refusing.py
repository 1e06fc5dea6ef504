"""Whether malformed bytes stop at the proxy, in either direction."""

import asyncio

from tests.fidelity import stage as stages
from tests.fidelity import strict
from tests.fidelity.rule import Mended, PassedOn
from tests.fidelity.stage import Stage, answer
from tests.fidelity.strict import Incomplete, Malformed, Message
from tests.fidelity.wire import Wire

NO_ANSWER_S = 1.0


async def request_is_refused(stage: Stage, raw: bytes) -> None:
    """*raw*, with `$HOST` in it replaced, gets no whole request to the upstream."""
    wire = await stage.send(raw.replace(b"$HOST", stage.host))
    found = await _whatever_comes(wire)
    await asyncio.sleep(stages.SETTLE_S)
    try:
        whole = stage.upstream.requests()
    except Malformed as malformed:
        raise PassedOn(str(malformed)) from None
    if whole:
        raise Mended(_shown(whole[0]))
    assert found is None or found.status >= 400, found.start
    wire.close()


async def _whatever_comes(wire: Wire) -> Message | None:
    """The first answer; None where the connection just ends, or nothing comes."""
    try:
        async with asyncio.timeout(NO_ANSWER_S):
            return await answer(wire)
    except (Incomplete, Malformed, TimeoutError):
        return None


async def response_is_refused(stage: Stage, raw: bytes) -> None:
    """*raw* gets to the client neither as it is nor as a whole other answer."""

    async def script(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(raw)
        wire.end()

    stage.upstream.script = script
    wire = await stage.send(stage.request(b"/", b"Connection: close"))
    await wire.rest()
    got = bytes(wire.received)
    try:
        while True:
            is_over = not wire.was_reset
            found = strict.read_response(got, method=b"GET", is_over=is_over)
            got = got[found.size :]
            if found.status >= 200:
                break
    except Incomplete:
        return
    except Malformed as malformed:
        raise PassedOn(str(malformed)) from None
    if got:
        raise PassedOn(f"{got[:80]!r} after an answer")
    if found.status < 500:
        raise Mended(_shown(found))


def _shown(message: Message) -> str:
    fields = b"; ".join(b"%b: %b" % line for line in message.fields)
    return f"{message.start!r} {fields[-120:]!r} {message.body[:40]!r}"
