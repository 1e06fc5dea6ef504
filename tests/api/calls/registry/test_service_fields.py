"""A field of a service is declared once: what is derived from it agrees, throughout."""

import dataclasses
import re
from html import unescape
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from monitor.registry.resources import SERVICE_FIELDS, ServiceResource
from monitor.registry.routes_file import ROUTED, load
from monitor.registry.service_fields import FieldKind, ServiceField
from monitor.registry.table import Service
from monitor.settings import Settings
from tests.support.running import appliance_on, client_of, register

DOCS = Path(__file__).parents[4] / "docs"
NAMES = {field.name for field in SERVICE_FIELDS}
# What is set by nobody.
OWN = {"id", "slug", "created_at", "updated_at"}


def other_value(field: ServiceField) -> Any:
    """One that is allowed and not the default."""
    known = {"base_url": "http://127.0.0.1:9", "hosts": ["a.example"]}
    if field.name in known:
        return known[field.name]
    match field.kind:
        case FieldKind.FLAG:
            return not field.default
        case FieldKind.CHOICE:
            return next(value for value in field.type if value != field.default)
        case FieldKind.LINES:
            return ["one"]
        case FieldKind.TEXT:
            return "other"
        case FieldKind.WHOLE | FieldKind.NUMBER:
            return field.said.maximum


async def test_columns_are_the_declared_fields_with_their_defaults(
    client: httpx.AsyncClient, database_url: str
) -> None:
    made = await register(client, name="only-a-name")
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow("SELECT * FROM apimonitor.services")
    finally:
        await connection.close()
    assert row is not None
    columns = {f.name for f in SERVICE_FIELDS if f.said.has_column}
    # Of the templates that its endpoints have.
    assert columns | OWN | {"endpoints_version"} == {*row.keys()}
    assert {field.name for field in dataclasses.fields(ServiceResource)} == NAMES | OWN
    for field in SERVICE_FIELDS:
        if not field.is_required:
            assert field.read(made[field.name]) == field.default, field.name
            assert field.read(row.get(field.name, ())) == field.default, field.name


async def test_each_field_can_be_set_and_reaches_the_routing_table(
    database_url: str, tmp_path: Path
) -> None:
    values = {field.name: other_value(field) for field in SERVICE_FIELDS}
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        made = await register(client, **values)
        changed = await register(client, name="plain")
        path = f"/v1/services/{changed['id']}"
        for name in NAMES - {"name", "hosts"}:
            answer = await client.patch(path, json={name: values[name]})
            assert answer.json()[name] == values[name]
    assert {name: made[name] for name in NAMES} == values
    [route, _] = load(tmp_path / "data" / "routes.json").services
    routed = {field.name: field for field in dataclasses.fields(Service)}
    assert routed.keys() == ROUTED
    assert NAMES.issuperset(ROUTED - OWN)
    for field in SERVICE_FIELDS:
        if field.name in ROUTED:
            assert getattr(route, field.name) == field.read(values[field.name])
            default = routed[field.name].default
            assert default in (field.default, dataclasses.MISSING), field.name


async def test_the_document_the_form_and_the_docs_have_each_field(
    client: httpx.AsyncClient,
) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["NewService"]["properties"].keys() == NAMES
    assert schemas["ServiceChanges"]["properties"].keys() == NAMES
    assert schemas["Service"]["properties"].keys() == {
        *NAMES,
        *OWN,
        "service_id",
        "notice",
    }
    page = (await client.get("/")).text
    form = page[page.index('for="new-name"') :]
    assert set(re.findall(r'id="new-(\w+)"', form)) == NAMES
    documented = (DOCS / "api.md").read_text()
    for field in SERVICE_FIELDS:
        assert f"`{field.name}`" in documented
        assert field.said.label in unescape(form)
        assert field.hint in unescape(form)
        if field.said.choices:
            assert [value for value, _ in field.said.choices] == [*field.type]
        if field.said.falls_back_to:
            assert field.said.falls_back_to.lower() in Settings.model_fields


async def test_a_value_beyond_a_declared_bound_is_refused(
    client: httpx.AsyncClient,
) -> None:
    for field in SERVICE_FIELDS:
        if field.said.maximum is None:
            continue
        beyond: Any = field.said.maximum + 1
        if field.kind is FieldKind.TEXT:
            beyond = "x" * beyond
        if field.kind is FieldKind.LINES:
            beyond = [f"x{n}.example" for n in range(beyond)]
        body = {"name": "a", field.name: beyond}
        answer = await client.post("/v1/services", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", field.name]
