"""Volatile fields: they differ between any two answers."""

import re

CLOCKS = frozenset(
    {"date", "age", "expires", "x-runtime", "x-response-time", "x-timer"}
)
TRACES = frozenset(
    {
        "b3",
        "cf-ray",
        "request-id",
        "server-timing",
        "traceparent",
        "tracestate",
        "x-amz-cf-id",
        "x-amz-id-2",
        "x-cloud-trace-context",
        "x-vercel-id",
    }
)
# X-Request-Id, X-Amzn-RequestId, X-GitHub-Request-Id, X-B3-TraceId …
TRACE = re.compile(r".*(request|correlation|trace|span|transaction)-?id\Z", re.DOTALL)


def always_differs(name: str) -> str | None:
    """Why the field of this lower-case name is volatile; None where it is not."""
    if name in CLOCKS:
        return "it tells the time, or how long something took"
    if name in TRACES or TRACE.match(name[-100:]):
        return "it names the single request"
    return None
