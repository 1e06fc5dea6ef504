"""The document at /openapi.json: OpenAPI 3.1, from the table and the models."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.document.answers.shown import Problem
from api.document.operation import JSON, Access, Operation
from api.document.operations import ALL
from api.input.errors import HEADERS
from api.input.log_schemas import NewLog
from api.parts import Parts
from monitor.access.guard import RequestFacts
from monitor.loop.giving_way import give_way

PROBLEM = "application/problem+json"
REFERENCE = "#/components/schemas/{model}"
UUID_SCHEMA = {"type": "string", "format": "uuid"}
HEADER: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "description": "The same key within 24 hours stores nothing again.",
    },
    "Last-Event-ID": {
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
        "description": "Go on after this event.",
    },
}
ERRORS = {
    400: "The request is not HTTP, or not one this server reads, or its head too long.",
    401: "No key, session or token, or one that is unknown or revoked.",
    403: "A right that is not held, or the guard of hosts and origins.",
    404: "Nothing of this id.",
    408: "The body did not come in time.",
    409: "The name or a host is taken; what cannot be replayed as it is.",
    413: "The body is too large; the setting is named.",
    415: "The body is of another type, or none is declared.",
    422: "Bad input: `errors` says where.",
    429: "Too many at once; try again after `Retry-After` seconds.",
    500: "A fault of the appliance.",
    503: "PostgreSQL is away, too slow, or busy with others; try again after "
    "`Retry-After` seconds.",
}
RETRIED = frozenset({429, 503})
SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.NOTHING: [{}],
    # Open on loopback: nothing has to be sent.
    Access.ADMIN: [{"admin": []}, {"session": []}, {}],
    Access.KEY: [{"service_key": []}],
    Access.KEY_OR_ADMIN: [{"service_key": []}, {"admin": []}, {"session": []}, {}],
}
SCHEMES = {
    "service_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of a service, `mkey_…`.",
    },
    "admin": {
        "type": "http",
        "scheme": "bearer",
        "description": "An admin token, `mtok_…`; not needed where the app is open.",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "apimonitor_session"},
}


class OpenApi:
    """The document, made when it is first asked for: most are never asked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._making = asyncio.Lock()
        self._content = b""
        self._tag = ""

    async def show(self, request: web.Request) -> web.Response:
        """The document; it holds no secrets, so it takes no right."""
        self._parts.access.guard.check(RequestFacts.of(request.method, request.headers))
        async with self._making:
            if not self._content:
                await self._make()
        headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": self._tag}
        if request.headers.get("If-None-Match") == self._tag:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=self._content, content_type="application/json", headers=headers
        )

    async def _make(self) -> None:
        """A model at a time: all of them at once take a tenth of a second."""
        schemas: dict[str, Any] = {}
        for found in _schemas():
            schemas |= found
            await give_way()
        made = _document(schemas)
        self._content = orjson.dumps(made, option=orjson.OPT_INDENT_2)
        self._tag = f'"{hashlib.sha256(self._content).hexdigest()[:16]}"'


def document() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for found in _schemas():
        schemas |= found
    return _document(schemas)


def _document(schemas: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in ALL:
        described = _operation(operation)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "API Monitor",
            "version": "1",
            "description": (
                "What passed the proxy and what was pushed: stored, searched, "
                "measured, replayed and compared."
            ),
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in ALL)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": SCHEMES,
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": SECURITY[operation.access],
        "parameters": _parameters(operation),
        "responses": {
            str(operation.status): _answer(operation),
            **{str(status): _error(status) for status in _errors(operation)},
            **{str(status): _answer(operation) for status in operation.also},
        },
    }
    body = _body(operation)
    if body is not None:
        made["requestBody"] = body
    return made


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": UUID_SCHEMA}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    in_query = [
        {"name": name, "in": "query", "schema": parameter.schema}
        for name, parameter in operation.query.items()
    ]
    in_headers = [
        {"name": name, "in": "header", **HEADER[name]} for name in operation.headers
    ]
    return [*in_path, *in_query, *in_headers]


def _body(operation: Operation) -> dict[str, Any] | None:
    contents = dict(operation.body_types)
    if operation.body is not None:
        contents[JSON] = _reference(operation.body)
    if not contents:
        return None
    return {
        "required": not operation.body_is_optional,
        "content": {
            kind: {
                "schema": schema,
                **({"example": operation.body_example} if kind == JSON else {}),
            }
            for kind, schema in contents.items()
        },
    }


def _answer(operation: Operation) -> dict[str, Any]:
    described = operation.answered or operation.summary
    made: dict[str, Any] = {"description": described}
    if operation.status == 204:
        return {"description": "Done."}
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content["schema"] = _reference(operation.answer)
    elif operation.answer_type == JSON:
        content["schema"] = {"type": "object"}
    else:
        content["schema"] = {"type": "string"}
    if operation.answer_example is not None:
        content["example"] = operation.answer_example
    made["content"] = {operation.answer_type: content}
    return made


def _errors(operation: Operation) -> list[int]:
    """Any request may be no HTTP, refused by the guard, without PostgreSQL, or fail."""
    guarded = [] if operation.access is Access.NOTHING else [401, 403, 503]
    takes = [422] if operation.query or "{" in operation.path else []
    given = [408] if operation.body or operation.body_types else []
    takes_none = [422] if operation.path.startswith("/v1/") else []
    return sorted({400, 500, *operation.errors, *guarded, *takes, *given, *takes_none})


def _error(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": ERRORS[status],
        "content": {PROBLEM: {"schema": _reference(Problem)}},
    }
    if status in RETRIED:
        retry = {"schema": {"type": "integer"}, "description": "Seconds."}
        made["headers"] = {"Retry-After": retry}
    return made


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=_name(model))}


def _name(model: type[BaseModel]) -> str:
    return re.sub(r"\W", "_", model.__name__)


def _schemas() -> Iterator[dict[str, Any]]:
    """Of each model, and of what it is made of."""
    taken = {o.body for o in ALL if o.body is not None} | {NewLog}
    given = {o.answer for o in ALL if o.answer is not None} | {Problem}
    pairs: list[tuple[type[BaseModel], Any]] = [
        *((model, "validation") for model in sorted(taken, key=_name)),
        *((model, "serialization") for model in sorted(given, key=_name)),
    ]
    for pair in pairs:
        _, definitions = models_json_schema([pair], ref_template=REFERENCE)
        found: dict[str, Any] = definitions["$defs"]
        yield {name: _tidied(schema) for name, schema in found.items()}


def _tidied(schema: Any) -> Any:
    """Without defaults of null: an absent field is not a null one."""
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _tidied(value)
        for name, value in schema.items()
        if not (name == "default" and value is None)
    }
