"""The ledger, health and counters: operations of /openapi.json."""

from api.document import examples
from api.document.answers.health import Health, Readiness
from api.document.answers.ledger import Ledger, Storage
from api.document.operation import GIVEN, JSON, Access, Operation


def _health(path: str, id: str) -> Operation:
    return Operation(
        method="GET",
        path=path,
        id=id,
        summary="200 while the process lives",
        tag="Operations",
        access=Access.NOTHING,
        answer=Health,
        answer_example={"status": "ok", "database": "ok"},
    )


UPKEEP = (
    Operation(
        method="GET",
        path="/v1/ledger",
        id="get_ledger",
        summary="What became of every exchange that ended",
        tag="Operations",
        answer=Ledger,
        answer_example=examples.LEDGER,
    ),
    Operation(
        method="POST",
        path="/v1/ledger/write-off",
        id="write_off_ledger",
        summary="Close a ledger that stays open: count what is missing as written off",
        tag="Operations",
        answer=Ledger,
        answer_example=examples.LEDGER,
        body_types={JSON: {"type": "object", "maxProperties": 0}},
        body_is_optional=True,
        body_example={},
        errors=GIVEN,
    ),
    Operation(
        method="GET",
        path="/v1/storage",
        id="get_storage",
        summary="What the logs of each service take, day by day",
        tag="Operations",
        answer=Storage,
        answer_example=examples.STORAGE,
    ),
    _health("/health", "get_health"),
    _health("/healthz", "get_healthz"),
    _health("/livez", "get_livez"),
    Operation(
        method="GET",
        path="/readyz",
        id="get_readiness",
        summary="503 until migrated and routed, and while draining",
        tag="Operations",
        access=Access.NOTHING,
        answer=Readiness,
        answer_example={"status": "ready"},
        also=(503,),
    ),
    Operation(
        method="GET",
        path="/metrics",
        id="get_counters",
        summary="What the appliance counts, in Prometheus' text format",
        tag="Operations",
        answer_type="text/plain",
    ),
)
