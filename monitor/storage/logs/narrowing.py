"""Narrowing: a filter that asks for less, found out before logs are searched."""

from dataclasses import replace
from uuid import UUID

import asyncpg

from monitor.logs.filter import LogFilter
from monitor.search.log_id import id_in
from monitor.search.tree import (
    Anywhere,
    Leaf,
    Node,
    OfLog,
    OfService,
    Pieces,
    Query,
    leaves_of,
    with_leaves,
)
from monitor.storage.search import conditions
from monitor.storage.search.bounded import within
from monitor.storage.search.clauses import services_named
from monitor.storage.search.patterns import part_in
from monitor.storage.search.where import Conditions


async def narrowed(
    connection: asyncpg.Connection, filter: LogFilter, timeout_ms: int
) -> LogFilter:
    """Finds the same, along an index where there is one for it.

    Who asks for the id of a log that is there wants that one, and soon. Services that
    are named become their ids.
    """
    query = filter.query
    id = id_in(filter.q or "")
    if id is not None and await _is_there(connection, id, timeout_ms):
        filter = replace(filter, id=id, q=None)
    if query is None:
        return filter
    id = id_in(_only_text(query))
    if id is not None and await _is_there(connection, id, timeout_ms):
        tree: Node = OfLog(id)
    else:
        tree = await _with_ids(connection, query.tree)
    return replace(filter, query=replace(query, tree=tree))


def _only_text(query: Query) -> str:
    """The text that is all that is looked for, or none."""
    tree = query.tree
    return (part_in(tree.pattern) or "") if isinstance(tree, Anywhere) else ""


async def _is_there(connection: asyncpg.Connection, id: UUID, timeout_ms: int) -> bool:
    made = conditions.of(LogFilter(id=id))
    sql = f"SELECT true FROM logs AS l WHERE {made.where}"
    try:
        return bool(await within(connection, timeout_ms, sql, made.arguments))
    except asyncpg.QueryCanceledError:
        return False


async def _with_ids(connection: asyncpg.Connection, tree: Node) -> Node:
    """With the ids of services in the place of their names: for these is an index."""
    ids: dict[Pieces, tuple[UUID, ...]] = {}
    for leaf in leaves_of(tree):
        if isinstance(leaf, OfService) and isinstance(leaf.service, Pieces):
            made = Conditions()
            sql = services_named(leaf.service, made)
            rows = await connection.fetch(sql, *made.arguments)
            ids[leaf.service] = tuple(row["id"] for row in rows)

    def known(leaf: Leaf) -> Leaf:
        if isinstance(leaf, OfService) and isinstance(leaf.service, Pieces):
            return replace(leaf, service=ids[leaf.service])
        return leaf

    return with_leaves(tree, known) if ids else tree
