"""The environment and the file .env: where a setting is written, by either name."""

from collections.abc import Mapping
from pathlib import Path

PREFIX = "APIMONITOR_"
BARE = (
    "DATABASE_URL",
    "SECRET_KEY",
    "DEBUG",
    "PORT",
    "PROXY_PORT",
    "DATA_DIR",
    "ADMIN_PASSWORD",
)


class EnvironmentFileError(Exception):
    """What is wrong with .env."""


def given(field: str, environment: Mapping[str, str]) -> str | None:
    """What is set of one setting; the environment beats .env, by whichever name."""
    for values in (environment, env_file()):
        if value := collect(values).get(field):
            return value
    return None


def collect(values: Mapping[str, str]) -> dict[str, str]:
    """What concerns us, by field name; the prefixed name beats the bare one."""
    found = {name.lower(): values[name] for name in BARE if values.get(name)}
    for name, value in values.items():
        if name.startswith(PREFIX) and value:
            found[name.removeprefix(PREFIX).lower()] = value
    return found


def env_file() -> dict[str, str]:
    path = Path(".env")
    if not path.is_file():
        return {}
    # Imported where there is such a file: a health check is to cost little.
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFileError(f".env cannot be read: {error}") from None
    return {name: value for name, value in values.items() if value is not None}
