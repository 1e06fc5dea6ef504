"""Columns that a log is read from, and what they become."""

from collections.abc import Collection
from typing import Any

import asyncpg
import orjson

from monitor.logs.log import LogDetail, LogItem, StoredBody
from monitor.record.columns import (
    BEHIND_COLUMNS,
    BODY_COLUMNS,
    KEY_COLUMNS,
    LOG_COLUMNS,
    SIDES,
)
from monitor.replay.ticket import NO_LOG
from monitor.search.tree import Side
from monitor.storage.database.partitions import DAYS_OF
from monitor.storage.search import heads
from monitor.storage.search.joins import BODIES, OF_THESE_IDS, of_same_log, whole
from monitor.storage.search.joins import DETAILS as DETAILS_BEFORE
from monitor.storage.search.places import CLIENT_URL, URL
from monitor.storage.search.where import (
    OF_THESE_DAYS,
    OF_THESE_PACKS,
    OF_THIS_TIME,
    ONE_OF,
)
from monitor.traffic.exchange import BodyState, Source, Timings, read_state
from monitor.traffic.fields import headers_of
from monitor.traffic.target import parameters_of

# What is read of a log where one is shown, and not in a list.
NOT_LISTED = {"bucket", "duration_ms", "endpoint", "replay_of"}
# What URLs are made of.
PARTS = {"url", "origin", "client_url", "client_origin"}
# What is kept of a body to be searched only.
SEARCHED = {f"{side}_{part}" for side in SIDES for part in ("is_text", "text")}
ITEM_COLUMNS = f"""
    s.name AS service_name, l.pinned, {URL} AS url,
    {", ".join(f"l.{name}" for name in LOG_COLUMNS if name not in NOT_LISTED | PARTS)}
"""
FROM = "FROM logs AS l JOIN services AS s ON s.id = l.service_id"


HEADS = ", ".join(f"{heads.text(side)} AS {side.value}_headers" for side in Side)
BEHIND = ", ".join(f"coalesce(l.{name}, d.{name}) AS {name}" for name in BEHIND_COLUMNS)


def _bodies() -> str:
    left_out = SEARCHED.union(KEY_COLUMNS)
    return ", ".join(
        f"{whole(name)} AS {name}" if name.endswith("_body") else f"b.{name}"
        for name in BODY_COLUMNS
        if name not in left_out
    )


def details_of_one() -> str:
    """All of the log of bucket $1, time $2 and id $3."""
    return f"""
        {DETAILS.replace(OF_THIS_TIME, "p.ts = $2")}
        {BODIES.each.replace(OF_THIS_TIME, "p.ts = $2")}
        WHERE l.bucket = $1 AND l.ts = $2 AND l.id = $3
        """


def details_of_many() -> str:
    """All of the logs of ids $1, of times $2."""
    of_time = "p.ts = ANY($2::timestamptz[])"
    bodies = (
        BODIES.many.replace(OF_THIS_TIME, f"p.id = ANY($1::uuid[]) AND {of_time}")
        .replace(OF_THESE_DAYS, f"h.ts = ANY({DAYS_OF.format('$2')})")
        .replace(OF_THESE_PACKS, ONE_OF.format("$1"))
        .replace(OF_THESE_IDS, "u.id = ANY($1::uuid[])")
    )
    return f"""
        {DETAILS.replace(OF_THIS_TIME, of_time)} {bodies}
        WHERE l.id = ANY($1::uuid[]) AND l.ts = ANY($2::timestamptz[])
        """


DETAILS = f"""
    SELECT {ITEM_COLUMNS}, {CLIENT_URL} AS client_url, l.duration_ms, l.replay_of,
           l.note, s.preserve_host, {HEADS}, {BEHIND},
           b.id AS bodies_id, {_bodies()}, a.har
      {FROM}
      {DETAILS_BEFORE}
      LEFT JOIN log_arrivals AS a ON {of_same_log("a")}
"""


def item_of(row: asyncpg.Record) -> LogItem:
    return LogItem(
        id=row["id"],
        service_id=row["service_id"],
        service_name=row["service_name"],
        source=Source(row["source"]),
        timestamp=row["ts"],
        method=row["method"],
        url=row["url"],
        path=row["path"],
        query_params=parameters_of(row["query_params"], row["query"]),
        status_code=row["status_code"],
        latency_ms=row["latency_ms"],
        error=row["error"],
        source_ip=row["source_ip"],
        tags=tuple(row["tags"] or ()),
        request_size=row["request_size"],
        response_size=row["response_size"],
        pinned=row["pinned"],
    )


def detail_of(row: asyncpg.Record) -> LogDetail:
    har: dict[str, Any] | None = orjson.loads(row["har"]) if row["har"] else None
    gone = (har or {}).get("gone", ())
    return LogDetail(
        item=item_of(row),
        client_url=row["client_url"],
        duration_ms=row["duration_ms"],
        replay_of=None if row["replay_of"] == NO_LOG else row["replay_of"],
        note=row["note"],
        request_headers=headers_of(row["request_headers"]),
        response_headers=headers_of(row["response_headers"]),
        request_body=_body(row, "request", gone),
        response_body=_body(row, "response", gone),
        timings=Timings(
            connect_ms=row["connect_ms"],
            tls_ms=row["tls_ms"],
            ttfb_ms=row["ttfb_ms"],
            overhead_ms=row["overhead_ms"],
        ),
        message_count=row["message_count"],
        event_count=row["event_count"],
        messages_problem=row["messages_problem"],
        keeps_host=row["preserve_host"],
        har=har,
    )


def _body(row: asyncpg.Record, side: str, gone: Collection[str]) -> StoredBody:
    """*gone*: sides whose bodies were gone already where the log came from."""
    state, is_limited = read_state(row[f"{side}_state"] or BodyState.KEPT)
    return StoredBody(
        content=row[f"{side}_body"],
        truncated=bool(row[f"{side}_truncated"]),
        state=state,
        is_limited=is_limited,
        is_gone=side in gone or (row["bodies_id"] is None and _was_kept(row, side)),
        is_plain=row["source"] == Source.INGEST,
    )


def _was_kept(row: asyncpg.Record, side: str) -> bool:
    """Logs of before this was noted tell it by their size."""
    noted = row[f"had_{side}_body"]
    return bool(row[f"{side}_size"] if noted is None else noted)
