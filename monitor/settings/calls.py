"""The calls of /v1: how large, how many, and how long they may take."""

from monitor.settings.declaring import Theme, setting


class Calls(Theme):
    """Calls of /v1"""

    request_limit_bytes: int = setting(
        2 * 1024 * 1024, "The largest body of a call of /v1.", ge=1024
    )
    json_limit_values: int = setting(
        10_000,
        "The most values and names in the JSON of a call of /v1, or of a row of a "
        "batch; an entry of a HAR may have eight times as many. Beyond: 422. Raise "
        "it when logs with more header fields or parameters are refused.",
        ge=500,
        le=1_000_000,
    )
    batch_limit_bytes: int = setting(
        256 * 1024 * 1024, "The largest body of a batch of /v1.", ge=1024
    )
    batch_limit_rows: int = setting(
        250_000,
        "The most logs in a batch of /v1; beyond: 413. Raise it for one-off imports, "
        "lower it when a batch holds others up.",
        ge=1,
        le=10_000_000,
    )
    batch_timeout_s: float = setting(
        60,
        "How long a batch may take to be stored before 503. Raise it when large "
        "batches meet a slow PostgreSQL.",
        gt=0,
        le=3600,
    )
    batches_at_once: int = setting(
        4,
        "Batches taken at the same time; beyond: 429. Raise it when many clients "
        "send batches and DATA_DIR has room for them.",
        ge=1,
        le=100,
    )
    ingest_processes: int = setting(
        1,
        "Processes in which rows of large batches and archives are read, checked and "
        "masked, within HELPER_MEMORY_BYTES and HELPER_TIMEOUT_S each; 0: in main. "
        "Raise it when apimonitor_helper_waiting stays up during imports while cores "
        "idle.",
        ge=0,
        le=64,
    )
    stream_limit: int = setting(
        100,
        "Followers of GET /v1/logs/stream at once; beyond: 429. Raise it when more "
        "pages are open.",
        ge=1,
        le=10_000,
    )
    stream_kept: int = setting(
        100_000,
        "Newest logs whose order is kept for followers; who is further behind gets "
        "a gap. Raise it when followers see gaps.",
        ge=100,
        le=10_000_000,
    )
    delete_limit: int = setting(
        10_000,
        "The most logs that one DELETE /v1/logs removes; its answer leads to the rest. "
        "Raise it when scripts have to ask too often, lower it when something between "
        "gives a call up.",
        ge=1,
        le=1_000_000,
    )
    ingest_timeout_s: float = setting(
        2, "How long an ingest waits for PostgreSQL before 503.", gt=0, le=60
    )
    ingest_places: int = setting(
        128,
        "Ingests worked on at once, shared in turn by the keys that send. Raise it "
        "when one key alone is to store more a second.",
        ge=16,
        le=1024,
    )
    ingest_waiting: int = setting(
        256,
        "Ingests of one key that wait for their turn; beyond: 429. Raise it when "
        "bursts are refused; each holds its body in memory.",
        ge=1,
        le=100_000,
    )
    alert_rules_limit: int = setting(
        100,
        "Alert rules of a service; beyond: 409, those there are stay. Each is tested "
        "with every log. Raise it when rules are refused, lower it when ingests are "
        "slow.",
        ge=1,
        le=10_000,
    )
    channels_limit: int = setting(
        20,
        "Channels of a service, and of those for all services; beyond: 409. Each is "
        "told of every rule that fires. Raise it when channels are refused.",
        ge=1,
        le=1_000,
    )
    keys_limit: int = setting(
        100,
        "Active API keys of a service; beyond: 409. Raise it when keys are refused "
        "that are all in use.",
        ge=1,
        le=100_000,
    )
    tokens_limit: int = setting(
        100,
        "Active admin tokens; beyond: 409. As many that are revoked or have run out "
        "stay listed. Raise it when tokens are refused that are all in use.",
        ge=1,
        le=10_000,
    )
    preview_timeout_ms: int = setting(
        1_000,
        "How long the preview of a rule may count a day, and a week, each; what takes "
        "longer is not told. Raise it when previews say no week.",
        ge=10,
        le=60_000,
    )
    views_limit: int = setting(
        100,
        "Saved views of the log table; beyond: 409. Raise it when views are refused "
        "that are all in use.",
        ge=1,
        le=1_000,
    )
    marks_limit: int = setting(
        10_000,
        "Deploy marks that are kept; beyond, the oldest go. Raise it when charts of "
        "long ago miss marks that were made.",
        ge=1,
        le=1_000_000,
    )
    comparison_rules_limit: int = setting(
        1000,
        "Rules of one service that say which differences comparisons ignore; beyond: "
        "409. Raise it when a service has that many places that differ anyway.",
        ge=1,
        le=10_000,
    )
    replay_timeout_s: float = setting(
        60,
        "How long a replay may take in all. Raise it when replays of slow or endless "
        "answers are cut.",
        gt=0,
        le=3600,
    )
    replay_limit: int = setting(
        10,
        "Replays at once; beyond: 429. Raise it when scripts replay in parallel.",
        ge=1,
        le=1000,
    )
    replay_series_limit: int = setting(
        100,
        "How many times one call may send the same request; beyond: 422. Raise it when "
        "a rare answer does not show among that many.",
        ge=1,
        le=10_000,
    )
