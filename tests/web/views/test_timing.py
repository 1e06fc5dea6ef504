"""The bar of an exchange's time covers all of it, whatever was measured."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.traffic.exchange import Timings
from tests.support.exchanges import a_log
from web.views.timing import BAR_WIDTH, LEAST_WIDTH, timing_view

times = st.floats(0, 1e7)
maybe = st.none() | times


@given(maybe, maybe, times, times, maybe)
def test_its_parts_fill_the_bar_and_sum_up(
    connect: float | None,
    tls: float | None,
    wait: float,
    download: float,
    own: float | None,
) -> None:
    ttfb = (connect or 0) + (tls or 0) + wait
    total = ttfb + download
    view = timing_view(
        a_log(
            latency_ms=total,
            timings=Timings(
                connect_ms=connect, tls_ms=tls, ttfb_ms=ttfb, overhead_ms=own
            ),
        )
    )
    assert view is not None
    assert abs(sum(part.ms for part in view.parts) - total) <= 1e-6 * max(total, 1)
    if view.parts:
        last = view.parts[-1]
        assert abs(last.x + last.width - BAR_WIDTH) < 0.1
        assert min(part.width for part in view.parts) >= LEAST_WIDTH
    assert (view.own is None) == (own is None)
    assert view.own is None or LEAST_WIDTH <= view.own.width <= BAR_WIDTH
