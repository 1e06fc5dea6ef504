"""Counters of the appliance's own doings, in Prometheus' terms."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Info, generate_latest

from monitor import build


class Counters:
    """One set per process, beside the ledger; labels are closed sets."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        self.stored = Counter(
            "apimonitor_logs_stored",
            "Logs committed to PostgreSQL, by source.",
            ["source"],
            registry=self.registry,
        )
        self.logs_deleted = Counter(
            "apimonitor_logs_deleted",
            "Logs removed because someone wanted them gone, by source.",
            ["source"],
            registry=self.registry,
        )
        self.database_up = Gauge(
            "apimonitor_database_up",
            "1 while PostgreSQL answers, else 0.",
            registry=self.registry,
        )
        self.ingest_ignored_fields = Counter(
            "apimonitor_ingest_ignored_fields",
            "Unknown fields of ingested logs, ignored.",
            registry=self.registry,
        )
        self.requests = Counter(
            "apimonitor_api_requests",
            "Answers of the app, by part and status class.",
            ["part", "status"],
            registry=self.registry,
        )
        self.app_connections_ended = Counter(
            "apimonitor_app_connections_ended",
            "Connections to the app that it ended, by what they kept waiting.",
            ["why"],
            registry=self.registry,
        )
        self.sign_ins = Counter(
            "apimonitor_sign_ins",
            "Attempts to sign in: succeeded, failed, or refused as too many.",
            ["outcome"],
            registry=self.registry,
        )
        self.followers = Gauge(
            "apimonitor_stream_followers",
            "Clients that follow the live tail now.",
            registry=self.registry,
        )
        self.stream_gaps = Counter(
            "apimonitor_stream_gaps",
            "Gaps told to followers that were too slow or came too late.",
            registry=self.registry,
        )

        self.retention_rows = Counter(
            "apimonitor_retention_rows",
            "Rows removed because they were past their time, by table.",
            ["table"],
            registry=self.registry,
        )
        self.retention_bytes = Counter(
            "apimonitor_retention_bytes",
            "Bytes given back to the disk by days that were dropped.",
            registry=self.registry,
        )

        self.helper_tasks = Counter(
            "apimonitor_helper_tasks",
            "Pieces of work given to helper processes, by kind and outcome.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.helper_waiting = Gauge(
            "apimonitor_helper_waiting",
            "Pieces of work that wait for a helper process, or are with one.",
            registry=self.registry,
        )
        self.helper_processes = Gauge(
            "apimonitor_helper_processes",
            "Helper processes that live now.",
            registry=self.registry,
        )
        self.work_limited = Counter(
            "apimonitor_work_limited",
            "Bodies shown raw and comparisons ended at a work limit, by kind.",
            ["kind"],
            registry=self.registry,
        )

        self.damaged_bytes = Gauge(
            "apimonitor_damaged_bytes",
            "Bytes of damaged segments that are kept to be looked at.",
            registry=self.registry,
        )
        self.damaged_files = Gauge(
            "apimonitor_damaged_files",
            "Files of DATA_DIR that were put aside as damaged, and are still there.",
            registry=self.registry,
        )
        self.damaged_removed = Counter(
            "apimonitor_damaged_segments_removed",
            "Damaged segments removed, by age or beyond their share of the spool.",
            registry=self.registry,
        )
        self.tasks = Gauge(
            "apimonitor_tasks",
            "Tasks of the main process: what it does at once.",
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
