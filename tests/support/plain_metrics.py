"""What the metrics say of logs, in plain Python."""

from datetime import datetime, timedelta
from typing import Any

from monitor import times


def percentile(values: list[float], fraction: float) -> float | None:
    """PostgreSQL's percentile_cont: linear between the two nearest."""
    if not values:
        return None
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def is_error(log: dict[str, Any]) -> bool:
    text = log["error"] or None
    failed = text is not None and not text.startswith("client_disconnect")
    return (log["status_code"] or 0) >= 500 or failed


def expected(logs: list[dict[str, Any]]) -> dict[str, Any]:
    latencies = [log["latency_ms"] for log in logs if log["latency_ms"] is not None]
    errors = sum(map(is_error, logs))
    return {
        "error_count": errors,
        "error_rate": errors / len(logs) if logs else 0.0,
        "avg_latency_ms": sum(latencies) / len(latencies) if latencies else None,
        "p50_latency_ms": percentile(latencies, 0.5),
        "p95_latency_ms": percentile(latencies, 0.95),
        "p99_latency_ms": percentile(latencies, 0.99),
    }


def by_start(series: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Each bucket with its beginning and its end, as times that can be compared."""
    width = timedelta(seconds=series["bucket_s"])
    return [
        (
            bucket["start"],
            times.format(datetime.fromisoformat(bucket["start"]) + width),
            bucket,
        )
        for bucket in series["buckets"]
    ]
