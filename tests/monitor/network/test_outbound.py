"""Whom a channel's name server that hangs holds up."""

import asyncio

from monitor.network.dns import Lookups
from monitor.network.outbound import Outbound
from tests.support.name_servers import Names
from tests.support.upstreams import OK, answering, upstream


async def test_a_channels_name_server_that_hangs_holds_up_no_other_lookup() -> None:
    names = Names(["127.0.0.1"])
    url = "http://hanging.example/"
    try:
        async with (
            upstream(answering(OK)) as port,
            Outbound(
                total_timeout_s=0.3, lookups=Lookups(per_name=2, resolve=names)
            ) as outbound,
            Outbound(lookups=Lookups(resolve=names)) as patient,
        ):
            posts = [outbound.post(url, "", {}) for _ in range(20)]
            given_up = await asyncio.gather(*posts)
            await outbound.post(url, "", {})
            refused = await outbound.post(url, "", {})
            taken = await patient.post(f"http://localhost:{port}/", "", {})
    finally:
        names.let_go()
    assert {outcome.error for outcome in given_up} == {"no answer within 0.3 s"}
    assert refused.error == (
        "could not be sent: 2 lookups of it hang (LOOKUPS_PER_NAME)"
    )
    assert (taken.status_code, taken.error) == (200, None)
    assert names.asked == ["hanging.example"] * 2 + ["localhost"]
