"""Admin tokens: operations of /openapi.json."""

from api.document import examples
from api.document.answers.shown import ListOf
from api.document.answers.tokens import MadeToken, Token
from api.document.operation import GIVEN, Operation
from api.input.key_schemas import NewToken
from api.input.read import PAGE

TOKENS = (
    Operation(
        method="POST",
        path="/v1/tokens",
        id="create_token",
        summary="Make an admin token; it is shown this once",
        tag="Tokens",
        status=201,
        answer=MadeToken,
        answer_example=examples.MADE_TOKEN,
        body=NewToken,
        body_example=examples.NEW_TOKEN,
        errors=(409, *GIVEN),
    ),
    Operation(
        method="GET",
        path="/v1/tokens",
        id="list_tokens",
        summary="Admin tokens, newest first, without their secrets",
        tag="Tokens",
        answer=ListOf[Token],
        query=PAGE,
    ),
    Operation(
        method="DELETE",
        path="/v1/tokens/{token_id}",
        id="revoke_token",
        summary="Revoke an admin token",
        tag="Tokens",
        status=204,
        errors=(404,),
    ),
)
