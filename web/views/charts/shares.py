"""How many of the requests have each method, or each status, now and before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.logs.metrics import Totals
from web.views.charts.changes import Change, change
from web.views.figures import Figure, LogLinks
from web.views.formats import count

Chosen = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How many of the requests have one method, or one status."""

    name: str
    requests: Figure
    share: float
    change: Change | None

    @property
    def bar(self) -> int:
        """The length of its bar, 1 to 100."""
        return max(1, round(self.share * 100))


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted, and where its logs are."""

    totals: Totals
    links: LogLinks


def by_method(now: Counted, before: Counted | None) -> list[Part]:
    def chosen(method: str) -> Mapping[str, str]:
        return {"method": method}

    was = None if before is None else before.totals.by_method
    return _parts(now, now.totals.by_method, before, was, chosen)


def by_status(now: Counted, before: Counted | None) -> list[Part]:
    def chosen(status: str) -> Mapping[str, str]:
        return {"has_status": "false"} if status == "none" else {"status_code": status}

    was = None if before is None else before.totals.by_status
    return _parts(now, now.totals.by_status, before, was, chosen)


def _parts(
    now: Counted,
    counts: Mapping[str, int],
    before: Counted | None,
    were: Mapping[str, int] | None,
    chosen: Chosen,
) -> list[Part]:
    all_requests = now.totals.measured.requests

    def changed(name: str, requests: int) -> Change | None:
        if before is None or were is None:
            return None
        was, link = were.get(name, 0), before.links.to(chosen(name))
        return change(requests, was, count(was), is_neutral=True, link=link)

    return [
        Part(
            name=name,
            requests=Figure(
                name="Requests", text=count(requests), link=now.links.to(chosen(name))
            ),
            share=requests / all_requests,
            change=changed(name, requests),
        )
        for name, requests in counts.items()
    ]
