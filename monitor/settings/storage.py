"""The spool, PostgreSQL and the disk: what they hold, and for how long."""

from typing import Literal, Self

from pydantic import model_validator

from monitor.settings.declaring import Theme, setting

SHORTEST_ANSWER_S = 3.0
SHORTEST_STATEMENT_MS = 2_500
LEAST_WRITES = 2


class Storage(Theme):
    """What is stored, and for how long"""

    spool_limit_bytes: int = setting(
        1024**3,
        "What the spool may hold while PostgreSQL is away: from 60 % on bodies of "
        "successful exchanges are shed, from 80 % on all bodies. Raise it when /status "
        "shows less time left than your longest outage.",
        ge=1024 * 1024,
    )
    dead_letters_limit_bytes: int = setting(
        32 * 1024 * 1024,
        "What the file of records that PostgreSQL refuses may hold. Raise it when the "
        "ledger shows dead_letters_full.",
        ge=64 * 1024,
    )
    retention_days: int = setting(
        30,
        "Days a log is kept, and may be old to be taken; a service may have its own. "
        "Raise it when what you look for is gone, lower it when the disk fills.",
        ge=1,
        le=3650,
    )
    body_retention_days: int = setting(
        7,
        "Days bodies are kept from their arrival, where the log is; a service may have "
        "its own. Raise it when a log says that its body is gone.",
        ge=0,
        le=3650,
    )
    retention_bytes: int | None = setting(
        None,
        "What logs and bodies may take in PostgreSQL, indexes included; unset: no "
        "limit. Beyond it the oldest days go, whatever their age, but not today. Set "
        "it when PostgreSQL shares its disk.",
        ge=64 * 1024 * 1024,
    )
    body_compression: Literal["auto", "pglz", "none"] = setting(
        "auto",
        "How PostgreSQL compresses bodies, from the first day on whose tables are not "
        "made yet. auto: lz4 where it was built with it, else none; the embedded one "
        "was not. Set pglz when /status shows that bodies fill the disk: two thirds of "
        "the bytes for twice PostgreSQL's CPU.",
    )
    body_packing_minutes: int = setting(
        60,
        "Bodies of logs that are so old are packed, many into one row, which takes a "
        "third of the room. Lower it when logs come so fast that an hour of them fills "
        "the disk; raise it where searches of the last hours are what counts.",
        ge=1,
        le=60 * 24 * 30,
    )
    body_packing_rate: int = setting(
        2_000,
        "Logs a second whose bodies are packed, at most; 0: none are. Raise it when "
        "apimonitor_bodies_packed_total grows by less than the logs that are stored; "
        "lower it when PostgreSQL has too little CPU: a thousand take a fiftieth of "
        "a core.",
        ge=0,
        le=1_000_000,
    )
    data_files_limit: int = setting(
        100_000,
        "Files of DATA_DIR that are looked at, once a minute, for what it takes. Raise "
        'it when /status says "at least" of it.',
        ge=1,
        le=10_000_000,
    )
    pool_size: int = setting(
        10,
        "Connections to PostgreSQL. Raise it when pages wait while PostgreSQL idles.",
        ge=3,
        le=1000,
    )
    read_connections: int | None = setting(
        None,
        "Connections of POOL_SIZE that what only reads may hold at once; unset: three "
        "tenths. All others are for what is stored. Raise it, with POOL_SIZE, when "
        "pages are answered 503 and /metrics counts them as refused; at most POOL_SIZE "
        "less two.",
        ge=1,
        le=998,
    )
    searches_at_once: int | None = setting(
        None,
        "Searches, exports and exact metrics that PostgreSQL works on at once, step by "
        "step in turn; unset: one less than there are cores; at most READ_CONNECTIONS "
        "less two. Raise it where PostgreSQL has cores to spare, lower it "
        "when it holds up what is stored.",
        ge=1,
        le=997,
    )
    query_timeout_ms: int = setting(
        5_000,
        "How long one search may take; any call waits little longer for PostgreSQL "
        "before 503.",
        ge=10,
        le=600_000,
    )
    query_characters: int = setting(
        2_000,
        "The longest text of the parameter query. Raise it when saved queries are "
        "refused as too long.",
        ge=100,
        le=8_000,
    )
    query_terms: int = setting(
        50,
        "The most terms of a query; each is a condition on every log that is searched. "
        "Raise it when queries are refused for it.",
        ge=1,
        le=500,
    )
    query_depth: int = setting(
        10,
        "How deep parentheses and negations of a query may be nested. Raise it when "
        "queries are refused for it.",
        ge=1,
        le=50,
    )
    query_regex_characters: int = setting(
        200,
        "The longest regular expression of a query; 0 takes none. Lower it when "
        "searches with one hold PostgreSQL up.",
        ge=0,
        le=2_000,
    )

    query_values_logs: int = setting(
        10_000,
        "The newest logs whose values are counted for completion. Raise it when rare "
        "values are missing, lower it when completion is slow.",
        ge=100,
        le=1_000_000,
    )
    facets_timeout_ms: int = setting(
        300,
        "How long the facets or the timeline of a search may be counted; the answer "
        "says what that covered. Raise it when they cover too little.",
        ge=10,
        le=60_000,
    )
    page_counts_ms: int = setting(
        150,
        "How long timeline and facets of the page of logs may be counted before it is "
        "sent; its script asks for what that did not cover. Raise it when you "
        "read pages without scripts and have to ask, lower it when the page is late.",
        ge=10,
        le=60_000,
    )
    endpoints_per_service: int = setting(
        500,
        "Endpoints that are learned of a service, and a fifth more of paths that only "
        "had a 401, 403, 404, 405 or 410; beyond, logs are named (other). Raise it "
        "when apimonitor_endpoints_other_logs_total grows while no scanner is at work.",
        ge=1,
        le=10_000,
    )
    endpoint_words: int = setting(
        50,
        "Words of one place in paths that hardly come again, before they are values "
        "of {slug}; twice as many where they come again. Raise it when routes of yours "
        "are taken for values, lower it when values are taken for routes.",
        ge=2,
        le=10_000,
    )
    endpoint_templates_limit: int = setting(
        200,
        "Templates of endpoints that are set by hand, of a service; beyond, 409. Raise "
        "it when you are told so.",
        ge=1,
        le=10_000,
    )
    apdex_t_ms: int = setting(
        500,
        "Answers up to so long are satisfying, up to four times so long bearable, by "
        "Apdex; of services that do not say it themselves. Set it to what your users "
        "call quick.",
        ge=1,
        le=3_600_000,
    )
    facets_logs: int = setting(
        100_000,
        "The newest logs that are counted one by one for facets or a timeline, where "
        "rollups do not know what is asked. Raise it, and FACETS_TIMEOUT_MS, when they "
        "cover too little; lower it when they hold PostgreSQL up.",
        ge=100,
        le=10_000_000,
    )

    @model_validator(mode="after")
    def _leave_some_to_writes(self) -> Self:
        most = self.pool_size - LEAST_WRITES
        if self.read_connections is not None and self.read_connections > most:
            raise ValueError(
                f"READ_CONNECTIONS is {self.read_connections}, at most {most} of "
                f"POOL_SIZE {self.pool_size}: what is stored needs {LEAST_WRITES}"
            )
        return self

    @property
    def statement_ms(self) -> int:
        """What a statement may take that is no search."""
        return max(self.query_timeout_ms, SHORTEST_STATEMENT_MS)

    @property
    def answer_s(self) -> float:
        """How long a call waits for PostgreSQL at most: a search with its count, and
        some time to send and read; what is no search is not cut short with it."""
        return max(self.query_timeout_ms / 1000 * 1.2 + 1, SHORTEST_ANSWER_S)
