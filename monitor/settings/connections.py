"""Connections: how many, how large their heads, how long they last."""

from monitor.settings.declaring import Theme, setting


class Connections(Theme):
    """Connections of the proxy and the app"""

    proxy_workers: int = setting(
        1,
        "Processes that serve the proxy; 1: only the main one. Raise it, up to the "
        "number of cores, when one core is busy with the proxy alone.",
        ge=1,
        le=64,
    )
    head_limit_bytes: int = setting(
        65_536,
        "The largest request or response head of the proxy; beyond: 431. Raise it "
        "for clients with huge cookies.",
        ge=1024,
        le=16 * 1024 * 1024,
    )
    head_limit_fields: int = setting(
        1_000,
        "The most fields of a request or response head of the proxy; beyond: 431. "
        "Raise it when `head_too_large` is counted and names it.",
        ge=50,
        le=100_000,
    )
    head_timeout_s: float = setting(
        30, "How long a client may take to send a head to proxy or app.", gt=0, le=3600
    )
    keepalive_s: float = setting(
        75, "How long an idle client connection to proxy or app stays.", gt=0, le=3600
    )
    body_timeout_s: float = setting(
        60,
        "How long the app waits for more of a request's body, the whole of it where "
        "that is within REQUEST_LIMIT_BYTES, or for its client to take more of an "
        "answer. Raise it when calls over a slow line are 408 or break off.",
        gt=0,
        le=3600,
    )
    tunnel_idle_s: float = setting(
        86_400,
        "How long nothing may pass through an upgraded connection, either way, before "
        "it is closed. Lower it when connections of clients that are gone stay open; "
        "raise it when logs end with `tunnel_timeout`.",
        gt=0,
        le=31_536_000,
    )
    event_stream_idle_s: float = setting(
        600,
        "How long an upstream may be silent within an event stream, whatever the "
        "service's timeout_s is. Raise it when streams end with `upstream_timeout`.",
        gt=0,
        le=31_536_000,
    )
    client_connections: int = setting(
        20_000,
        "Client connections to one process of the proxy, within half of the file "
        "descriptors that are not set aside, for each needs one to its upstream; "
        "beyond, a new one is closed at once. Raise it, and the limit of descriptors, "
        "when `too_many_connections` is counted.",
        ge=1,
    )
    app_connections: int = setting(
        1_000,
        "Client connections to the app, within a quarter of the file descriptors that "
        "are not set aside; beyond, the one that was silent longest makes room. Raise "
        "it when `apimonitor_app_connections_ended_total` counts `too_many`.",
        ge=8,
    )
    upstream_connections: int = setting(
        1_000, "Connections to one upstream at most; beyond, requests wait.", ge=1
    )
    upstream_idle_s: float = setting(
        15, "How long an idle upstream connection is kept for reuse.", ge=0, le=3600
    )
    upstream_age_s: float = setting(
        300,
        "How long an upstream connection takes further requests, however busy. Lower "
        "it when a name that moved is not followed soon enough.",
        gt=0,
        le=86_400,
    )
    lookups_per_name: int = setting(
        3,
        "Lookups of one upstream's name that may hang; beyond, its requests fail at "
        "once with `dns`. Raise it when they do and the name server is only slow.",
        ge=1,
        le=100,
    )
    lookups_at_once: int = setting(
        100,
        "Lookups of the names of upstreams, and of channels, under way, each a "
        "thread; beyond, requests that need another fail with `dns`. Raise it when "
        "`lookup_refused` is counted and many services have names.",
        ge=1,
        le=1000,
    )
    drain_timeout_s: float = setting(
        10,
        "How long a stop waits for exchanges in flight. Raise it when uploads are "
        "cut by a restart.",
        ge=0,
        le=600,
    )
