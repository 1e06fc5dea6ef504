"""What the appliance counts of itself, in Prometheus' terms."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Counters:
    """One set per process; labels are closed sets, but for the service's slug."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.in_flight = Gauge(
            "apimonitor_exchanges_in_flight",
            "Exchanges that have begun and not ended.",
            registry=self.registry,
        )
        self.finished = Counter(
            "apimonitor_exchanges_finished",
            "Exchanges that ended, by service.",
            ["service"],
            registry=self.registry,
        )
        self.unrouted = Counter(
            "apimonitor_requests_unrouted",
            "Requests that no service was found for, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.spooled = Counter(
            "apimonitor_records_spooled",
            "Records appended to the spool.",
            registry=self.registry,
        )
        self.dropped = Counter(
            "apimonitor_records_dropped",
            "Records that were not kept, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.stored = Counter(
            "apimonitor_logs_stored",
            "Logs committed to PostgreSQL, by source.",
            ["source"],
            registry=self.registry,
        )
        self.dead_letters = Counter(
            "apimonitor_records_dead_letter",
            "Records PostgreSQL refused, kept in the dead-letter file.",
            registry=self.registry,
        )
        self.spool_bytes = Gauge(
            "apimonitor_spool_bytes",
            "Bytes in the spool that are not yet recorded.",
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

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
