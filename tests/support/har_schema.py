"""The schema of HAR 1.2, of which no validator is kept."""

from typing import Any

from jsonschema import Draft202012Validator

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
SIZE = {"type": "integer", "minimum": -1}


def record(**fields: Any) -> dict[str, Any]:
    """An object with just these fields, those with a ? optional, and `_` ones."""
    return {
        "type": "object",
        "properties": {name.strip("?"): schema for name, schema in fields.items()},
        "required": [name for name in fields if not name.endswith("_")],
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def listed(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


PAIRS = listed(record(name=TEXT, value=TEXT))
BODY = {
    "type": "object",
    "properties": {"mimeType": TEXT, "text": TEXT},
    "required": ["mimeType", "text"],
    "patternProperties": {"^_": {}},
    "additionalProperties": False,
}
CONTENT = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 0},
        "mimeType": TEXT,
        "text": TEXT,
        "encoding": {"const": "base64"},
    },
    "required": ["size", "mimeType"],
    "patternProperties": {"^_": {}},
    "additionalProperties": False,
}
REQUEST = record(
    method=TEXT,
    url=TEXT,
    httpVersion=TEXT,
    cookies=listed({}),
    headers=PAIRS,
    queryString=PAIRS,
    headersSize=SIZE,
    bodySize=SIZE,
)
# From the text of http://www.softwareishard.com/blog/har-12-spec/
REQUEST["properties"]["postData"] = BODY
ENTRY = record(
    startedDateTime={"type": "string", "format": "date-time"},
    time={"type": "number", "minimum": 0},
    request=REQUEST,
    response=record(
        status={"type": "integer"},
        statusText=TEXT,
        httpVersion=TEXT,
        cookies=listed({}),
        headers=PAIRS,
        content=CONTENT,
        redirectURL=TEXT,
        headersSize=SIZE,
        bodySize=SIZE,
    ),
    cache={"type": "object"},
    timings=record(
        blocked=NUMBER,
        dns=NUMBER,
        connect=NUMBER,
        ssl=NUMBER,
        send={"type": "number", "minimum": 0},
        wait={"type": "number", "minimum": 0},
        receive={"type": "number", "minimum": 0},
    ),
)
ENTRY["properties"] |= {"serverIPAddress": TEXT, "connection": TEXT}
HAR = Draft202012Validator(
    record(
        log=record(
            version={"const": "1.2"},
            creator=record(name=TEXT, version=TEXT),
            pages=listed({}),
            entries=listed(ENTRY),
        )
    )
)
