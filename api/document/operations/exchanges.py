"""Exchanges that are open: operations of /openapi.json."""

from api.document.answers.exchanges import OpenExchange, OpenExchangeDetail
from api.document.answers.shown import ListOf
from api.document.operation import Operation
from api.input.exchange_query import EXCHANGES as ASKED

EXCHANGES = (
    Operation(
        method="GET",
        path="/v1/exchanges",
        id="list_exchanges",
        summary="What passes the proxy now, of all its processes",
        tag="Logs",
        answer=ListOf[OpenExchange],
        query=ASKED,
    ),
    Operation(
        method="GET",
        path="/v1/exchanges/{exchange_id}",
        id="get_exchange",
        summary="One that is open, with its messages until now",
        tag="Logs",
        answer=OpenExchangeDetail,
        errors=(404,),
    ),
)
