"""Steps of a coroutine, each of them timed as what it is: between them others run."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar, cast

from monitor.loop.doing import DOING, Kind

Result = TypeVar("Result")


async def stepping(kind: Kind, begin: Callable[[], Awaitable[Result]]) -> Result:
    """Await the coroutine that *begin* makes; while it runs, the loop does *kind*."""
    work = cast(Coroutine[Any, Any, Result], begin())
    try:
        return await _steps(kind, work)
    finally:
        work.close()


@coroutine
def _steps(
    kind: Kind, work: Coroutine[Any, Any, Result]
) -> Generator[Any, Any, Result]:
    said: BaseException | None = None
    while True:
        before = DOING.turn_to(kind)
        try:
            waits_for = work.send(None) if said is None else work.throw(said)
        except StopIteration as over:
            result: Result = over.value
            return result
        finally:
            said = None
            DOING.turn_to(before)
        try:
            yield waits_for
        except GeneratorExit:
            raise
        except BaseException as error:
            # For it to handle: that its task is cancelled, say.
            said = error
