"""The file of the routing table, which a start without PostgreSQL routes from."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from monitor.files.atomic import replace
from monitor.registry.resources import SERVICE_FIELDS
from monitor.registry.service_fields import FieldKind, ServiceField
from monitor.registry.table import RoutingTable, Service

ROUTED: Final = frozenset(field.name for field in fields(Service))
FIELDS: Final = tuple(field for field in SERVICE_FIELDS if field.name in ROUTED)
# What a kept file has to hold, so that no request meets something else.
TYPES: Final[dict[FieldKind, tuple[type, ...]]] = {
    FieldKind.TEXT: (str,),
    FieldKind.LINES: (list,),
    FieldKind.FLAG: (bool,),
    FieldKind.WHOLE: (int,),
    FieldKind.NUMBER: (int, float),
    FieldKind.CHOICE: (str,),
}


def save(table: RoutingTable, path: Path) -> None:
    """Replace the file of the table at once: a reader sees the old or the new one."""
    content = orjson.dumps(
        {
            "version": table.version,
            "services": [asdict(service) for service in table.services],
        }
    )
    replace(path, content)


def load(path: Path) -> RoutingTable:
    """The table that was saved last; one that is not known where there is none.

    Raises ValueError where the file is not one of ours.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return RoutingTable(is_known=False)
    try:
        services = [_service(fields) for fields in content["services"]]
        version = int(content["version"])
        if version < 0:
            raise ValueError(f"{path} has no version")
        return RoutingTable(services, version=version)
    except (ArithmeticError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a routing table: {error}") from None


def _service(content: dict[str, Any]) -> Service:
    """Raises one of many errors where a field is missing, or not what it should be.

    One that was not known yet when the file was written has its default.
    """
    if not isinstance(content["slug"], str):
        raise TypeError("slug")
    given = {
        field.name: _value(field, content[field.name])
        for field in FIELDS
        if field.name in content or field.kind is FieldKind.LINES
    }
    return Service(**{**content, **given, "id": UUID(content["id"])})


def _value(field: ServiceField, value: Any) -> Any:
    if value is None and field.may_be_null:
        return None
    if not isinstance(value, TYPES[field.kind]):
        raise TypeError(field.name)
    return field.read(value)
