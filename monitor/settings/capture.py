"""Captures: what is kept of an exchange, and what of it is masked."""

import re
from typing import Any

from pydantic import field_validator

from monitor.defaults import (
    MASKING_NODES,
    SENSITIVE_FIELDS,
    SENSITIVE_HEADERS,
    SENSITIVE_PARAMETERS,
)
from monitor.settings.declaring import Names, Theme, extend, setting

FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")


class Capture(Theme):
    """What is captured and masked"""

    capture_body_limit: int = setting(
        65_536,
        "Bytes kept of each body. Raise it when bodies you need show as truncated.",
        ge=0,
        le=64 * 1024 * 1024,
    )
    capture_messages: int = setting(
        1_000,
        "WebSocket messages or events kept of an exchange; all are counted. Raise it "
        "when a log's messages end too early.",
        ge=0,
        le=10_000,
    )
    capture_message_limit: int = setting(
        16_384,
        "Bytes kept of each message or event, and never more than of a body. Raise it "
        "when messages you need show as truncated.",
        ge=0,
        le=16 * 1024 * 1024,
    )
    capture_messages_bytes: int = setting(
        262_144,
        "Bytes kept of all messages of an exchange, held in memory while it lasts. "
        "Lower it when thousands of WebSockets are open at once.",
        ge=0,
        le=16 * 1024 * 1024,
    )
    capture_parameters: int = setting(
        1_000,
        "Query parameters kept apart of a URL, which is kept whole; fewer where they "
        "have more than five percent-encoded characters each. Raise it when a log's "
        "parameters end before its URL does.",
        ge=0,
        le=100_000,
    )
    sensitive_headers: Names = setting(
        SENSITIVE_HEADERS,
        "Header names, comma separated, whose values are stored masked; a leading + "
        "adds to the default. Case, - and _ do not count.",
    )
    sensitive_parameters: Names = setting(
        SENSITIVE_PARAMETERS,
        "Names of parameters of queries and paths, comma separated, whose values are "
        "stored masked; a leading + adds to the default. So is code where state or "
        "grant_type is beside it.",
    )
    sensitive_fields: Names = setting(
        SENSITIVE_FIELDS,
        "Names of fields of JSON, forms and multipart bodies and of messages, comma "
        "separated, whose values are stored masked; a leading + adds to the default. "
        "Shorten it when you need what it hides.",
    )
    masking_nodes: int = setting(
        MASKING_NODES,
        "How much masking may read of an exchange: values of JSON, parameters, fields; "
        "10 bytes count as one. What would take more is withheld. Raise it when logs "
        "say so and the proxy may stand still for longer: the default is up to 5 ms.",
        ge=1_000,
        le=10_000_000,
    )

    @field_validator("sensitive_headers", mode="before")
    @classmethod
    def _extend_headers(cls, value: Any) -> Any:
        return extend(value, SENSITIVE_HEADERS)

    @field_validator("sensitive_headers")
    @classmethod
    def _are_field_names(cls, value: Names) -> Names:
        for name in value:
            if not FIELD_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
        return value

    @field_validator("sensitive_parameters", mode="before")
    @classmethod
    def _extend_parameters(cls, value: Any) -> Any:
        return extend(value, SENSITIVE_PARAMETERS)

    @field_validator("sensitive_fields", mode="before")
    @classmethod
    def _extend_fields(cls, value: Any) -> Any:
        return extend(value, SENSITIVE_FIELDS)
