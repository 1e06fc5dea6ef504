"""Formats of numbers, sizes and times on the pages."""

from datetime import datetime

from monitor import times
from monitor.json.output import json_bytes
from monitor.logs.filter import EXACT_TOTAL

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
MINUS = "\N{MINUS SIGN}"
SLOW_BAR_MS = 10_000
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def size(count: int | None) -> str:
    """`512 B`, `1.5 KiB`"""
    if count is None:
        return "n/a"
    value = float(count)
    unit = 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value /= 1024
        unit += 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {UNITS[unit]}"


def duration(ms: float | None) -> str:
    """`0.4 ms`, `142 ms`, `2.31 s`"""
    if ms is None:
        return "n/a"
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def signed(number: float | None, unit: str) -> str:
    """`+25 ms`, `±0`: a difference, in the *unit* of what differs."""
    if number is None:
        return "n/a"
    if not number:
        return "±0"
    shown = duration(abs(number)) if unit == "ms" else size(abs(int(number)))
    return f"{'+' if number > 0 else MINUS}{shown}"


def count(number: int) -> str:
    """`1,234,567`"""
    return f"{number:,}"


def capped(number: int) -> str:
    """`123`; `10,000+` where counting stopped there."""
    return f"{EXACT_TOTAL:,}+" if number > EXACT_TOTAL else count(number)


def percent(rate: float) -> str:
    """`0 %`, `<0.1 %`, `12.5 %`: neither 0 nor 100 unless it is."""
    if rate in (0, 1):
        return f"{rate * 100:.0f} %"
    if rate < 0.001:
        return "<0.1 %"
    return f"{rate * 100:.1f} %" if rate <= 0.999 else ">99.9 %"


def seconds(count: int) -> str:
    """`90 s`, `5 min`, `1 h`, `1 day`"""
    for length, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if count and count % length == 0:
            number = count // length
            return f"{number} {unit}{'s' if unit == 'day' and number > 1 else ''}"
    return f"{count} s"


def length(s: float | None) -> str:
    """`45 s`, `12 min`, `3.5 h`, `12 days`, `> 1 year`: how long something lasts."""
    if s is None:
        return "n/a"
    if s > 366 * 86_400:
        return "> 1 year"
    for unit_s, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if s >= 2 * unit_s:
            return (
                f"{s / unit_s:.1f} {unit}"
                if s < 10 * unit_s
                else f"{s / unit_s:.0f} {unit}"
            )
    return f"{s:.0f} s"


def age(ms: float) -> str:
    """`142 ms`, `2.31 s`, `12 min`: how long something lasts already."""
    return duration(ms) if ms < 120_000 else length(ms / 1000)


def lag(s: float) -> str:
    """A duration of seconds, which may be days."""
    return duration(s * 1000) if s < 120 else length(s)


def bar(ms: float | None) -> int:
    """The length of a duration's bar, 1 to 100; each tenfold is a quarter."""
    if ms is None or ms <= 0:
        return 1
    length = 0
    limit = float(SLOW_BAR_MS)
    for quarter in (100, 75, 50, 25):
        length = quarter
        if ms >= limit:
            return quarter
        if ms >= limit / 10:
            return quarter - 25 + round(25 * (ms - limit / 10) / (limit - limit / 10))
        limit /= 10
    return max(1, length // 10)


def clock(moment: datetime) -> str:
    """`13:00:00.123`, in UTC; a script makes it local."""
    return times.format(moment)[11:23]


def day(moment: datetime) -> str:
    return times.format(moment)[:10]


def status_class(code: int | str | None) -> str:
    """The class of a status badge: `s2` … `s5`, `s0` where there was none.

    Metrics name a status: `404`, or `none`.
    """
    number = int(code) if code is not None and str(code).isdecimal() else None
    return f"s{number // 100}" if number is not None and number < 600 else "s0"


def method_class(method: str) -> str:
    """The class of a method's badge: `m-get`."""
    return f"m-{method.lower()}" if method in METHODS else "m-other"


def error_code(error: str | None) -> str:
    return (error or "").partition(":")[0]


def json_text(value: object) -> str:
    return json_bytes(value).decode()


def path_parts(path: str, url: str) -> tuple[str, str]:
    """The path and the query, which is shown dimmed."""
    bare, separator, query = path.partition("?")
    if not separator:
        _, separator, query = url.partition("?")
    return bare, f"?{query}" if query else ""


FILTERS = {
    "bytes": size,
    "duration": duration,
    "signed": signed,
    "percent": percent,
    "seconds": seconds,
    "age": age,
    "lag": lag,
    "bar": bar,
    "clock": clock,
    "day": day,
    "rfc3339": times.format,
    "count": count,
    "capped": capped,
    "status_class": status_class,
    "method_class": method_class,
    "error_code": error_code,
    "tojson_text": json_text,
}
