"""The appliance's counts of itself, in Prometheus' terms."""

from typing import Annotated, get_args, get_type_hints

from prometheus_client import CollectorRegistry, Counter, Gauge, Info, generate_latest

from monitor import build


class Metric:
    """What a metric is called after `apimonitor_`, what it is, and its labels."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self.name = f"apimonitor_{name}"
        self.meaning = meaning
        self.labels = labels


class Counters:
    """One set per process, beside the ledger; labels are closed sets.

    A new one is a line here.
    """

    stored: Annotated[
        Counter,
        Metric("logs_stored", "Logs committed to PostgreSQL, by source.", "source"),
    ]
    logs_deleted: Annotated[
        Counter,
        Metric(
            "logs_deleted",
            "Logs removed because someone wanted them gone, by source.",
            "source",
        ),
    ]
    query_refusals: Annotated[
        Counter,
        Metric(
            "query_refusals",
            "Queries that were refused, by what for.",
            "why",
        ),
    ]
    partial_counts: Annotated[
        Counter,
        Metric(
            "partial_counts",
            "Facets and timelines that do not cover all logs that were asked for: "
            "FACETS_TIMEOUT_MS or FACETS_LOGS was reached.",
            "of",
        ),
    ]
    search_blocks: Annotated[
        Counter,
        Metric(
            "search_blocks",
            "Blocks of logs that were indexed for searches.",
        ),
    ]
    search_late: Annotated[
        Gauge,
        Metric(
            "search_late_logs",
            "Logs that came or changed after their block was indexed, and are read one "
            "by one by each search; 5,000: as many or more.",
        ),
    ]
    bodies_packed: Annotated[
        Counter,
        Metric(
            "bodies_packed",
            "Logs whose bodies were packed with others, to take less room.",
        ),
    ]
    packing_bytes: Annotated[
        Counter,
        Metric(
            "packing_returned_bytes",
            "Bytes of tables of bodies that went back to the disk after packing.",
        ),
    ]
    rollup_changes: Annotated[
        Gauge,
        Metric(
            "rollup_changes",
            "Changes that are not folded into rollups yet; 20,001: more than 20,000.",
        ),
    ]
    rollup_steps: Annotated[
        Counter,
        Metric(
            "rollup_steps",
            "Steps of upkeep of rollups that were done, by kind: fold, fill.",
            "kind",
        ),
    ]
    database_up: Annotated[
        Gauge, Metric("database_up", "1 while PostgreSQL answers, else 0.")
    ]
    ingest_ignored_fields: Annotated[
        Counter,
        Metric("ingest_ignored_fields", "Unknown fields of ingested logs, ignored."),
    ]
    requests: Annotated[
        Counter,
        Metric(
            "api_requests",
            "Answers of the app, by part and status class.",
            "part",
            "status",
        ),
    ]
    app_connections_ended: Annotated[
        Counter,
        Metric(
            "app_connections_ended",
            "Connections to the app that it ended, by what they kept waiting.",
            "why",
        ),
    ]
    sign_ins: Annotated[
        Counter,
        Metric(
            "sign_ins",
            "Attempts to sign in: succeeded, failed, or refused as too many.",
            "outcome",
        ),
    ]
    endpoints_learned: Annotated[
        Counter, Metric("endpoints_learned", "Endpoints that were learned.")
    ]
    endpoints_merged: Annotated[
        Counter,
        Metric(
            "endpoints_merged",
            "Endpoints that became part of one with a parameter, as their words "
            "turned out to be values.",
        ),
    ]
    endpoints_renamed: Annotated[
        Counter,
        Metric(
            "endpoints_renamed_logs",
            "Stored logs that were given another endpoint, in the background.",
        ),
    ]
    endpoints_other: Annotated[
        Counter,
        Metric(
            "endpoints_other_logs",
            "Logs named (other): ENDPOINTS_PER_SERVICE was reached.",
        ),
    ]
    followers: Annotated[
        Gauge, Metric("stream_followers", "Clients that follow the live tail now.")
    ]
    stream_gaps: Annotated[
        Counter,
        Metric(
            "stream_gaps", "Gaps told to followers that were too slow or came too late."
        ),
    ]
    retention_rows: Annotated[
        Counter,
        Metric(
            "retention_rows",
            "Rows removed because they were past their time, by table.",
            "table",
        ),
    ]
    retention_bytes: Annotated[
        Counter,
        Metric(
            "retention_bytes", "Bytes given back to the disk by days that were dropped."
        ),
    ]
    helper_tasks: Annotated[
        Counter,
        Metric(
            "helper_tasks",
            "Pieces of work given to helper processes, by kind and outcome.",
            "kind",
            "outcome",
        ),
    ]
    helper_waiting: Annotated[
        Gauge,
        Metric(
            "helper_waiting",
            "Pieces of work that wait for a helper process, or are with one.",
        ),
    ]
    helper_processes: Annotated[
        Gauge, Metric("helper_processes", "Helper processes that live now.")
    ]
    work_limited: Annotated[
        Counter,
        Metric(
            "work_limited",
            "Bodies shown raw and comparisons ended at a work limit, by kind.",
            "kind",
        ),
    ]
    damaged_bytes: Annotated[
        Gauge,
        Metric(
            "damaged_bytes", "Bytes of damaged segments that are kept to be looked at."
        ),
    ]
    damaged_files: Annotated[
        Gauge,
        Metric(
            "damaged_files",
            "Files of DATA_DIR that were put aside as damaged, and are still there.",
        ),
    ]
    damaged_removed: Annotated[
        Counter,
        Metric(
            "damaged_segments_removed",
            "Damaged segments removed, by age or beyond their share of the spool.",
        ),
    ]
    tasks: Annotated[
        Gauge, Metric("tasks", "Tasks of the main process: what it does at once.")
    ]

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._say_build()
        for attribute, hint in get_type_hints(Counters, include_extras=True).items():
            kind, metric = get_args(hint)
            made = kind(
                metric.name, metric.meaning, metric.labels, registry=self.registry
            )
            setattr(self, attribute, made)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _say_build(self) -> None:
        Info(
            "apimonitor_build",
            "Which build runs, and whether its hot modules are compiled.",
            registry=self.registry,
        ).info(
            {
                "version": build.version_name(),
                "compiled": "yes" if build.IS_COMPILED else "no",
            }
        )
