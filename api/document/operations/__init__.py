"""Every operation of the API, by resource.

The routes are made from this table; a new one has a line here, and its
handler in api/app.
"""

from api.document.operation import Operation
from api.document.operations.alerts import ALERTS
from api.document.operations.channels import CHANNELS
from api.document.operations.comparisons import COMPARISONS
from api.document.operations.exchanges import EXCHANGES
from api.document.operations.exports import EXPORTS
from api.document.operations.logs import LOGS
from api.document.operations.marks import MARKS
from api.document.operations.metrics import METRICS
from api.document.operations.queries import QUERIES
from api.document.operations.replays import REPLAYS
from api.document.operations.services import SERVICES
from api.document.operations.tokens import TOKENS
from api.document.operations.upkeep import UPKEEP
from api.document.operations.watching.views import VIEWS

ALL: tuple[Operation, ...] = (
    *SERVICES,
    *LOGS,
    *EXCHANGES,
    *QUERIES,
    *VIEWS,
    *EXPORTS,
    *REPLAYS,
    *COMPARISONS,
    *METRICS,
    *MARKS,
    *ALERTS,
    *CHANNELS,
    *TOKENS,
    *UPKEEP,
)
