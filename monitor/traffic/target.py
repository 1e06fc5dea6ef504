"""A URL and what is said beside it: what of both need not be said twice."""

from typing import Any

import orjson


def apart(url: str, path: str) -> tuple[str, str] | None:
    """What stands in *url* before *path* and behind it: an origin, and a query with its
    mark or nothing. None where it is not just these.
    """
    mark = url.find("?")
    bare = url if mark < 0 else url[:mark]
    if not path.startswith("/") or not bare.endswith(path):
        return None
    origin = bare[: len(bare) - len(path)]
    # Or where the host ends could not be told from what is before the path.
    if "://" not in origin:
        return None
    return origin, url[mark:] if mark >= 0 else ""


def says(query: str, parameters: dict[str, Any]) -> bool:
    """Whether *query*, with its mark, is just these *parameters* in their order: each a
    name, `=` and a value, and nothing of it coded.
    """
    if not query:
        return not parameters
    if not parameters or "%" in query or "+" in query:
        return False
    parts: list[str] = []
    for name, value in parameters.items():
        if not isinstance(value, str):
            return False
        parts.append(name + "=" + value)
    if query[1:] != "&".join(parts):
        return False
    # Else a name or a value has one of these.
    return query.count("&") == len(parts) - 1 and query.count("=") == len(parts)


def parameters_of(said: bytes | str | None, query: str | None) -> dict[str, Any]:
    """As they are said beside a URL, or by its query, which is NULL where it does not.

    *said* is JSON. Raises ValueError.
    """
    if said is not None or query is None:
        return orjson.loads(said) if said else {}
    parts = [part.partition("=") for part in query[1:].split("&") if part]
    return {name: value for name, _, value in parts}
