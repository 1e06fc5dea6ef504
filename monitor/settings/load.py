"""The environment and ./.env as settings, or one sentence on what is wrong."""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from monitor.environment import PREFIX, EnvironmentFileError, collect, env_file
from monitor.settings.settings import Settings

LEGACY = ("DATABASE_SYNC_URL", "FRONTEND_DIR")


class SettingsError(Exception):
    """One sentence that names the setting and what is wrong with it."""


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of *environment* over those of ./.env; SettingsError if bad."""
    given = os.environ if environment is None else environment
    try:
        # By setting, not by name: a bare one here beats a prefixed one there.
        return Settings(**{**_collect(_env_file()), **_collect(given)})
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def legacy_names() -> list[str]:
    """Settings of the former product that are set and do nothing here."""
    given = {**_env_file(), **os.environ}
    return [name for name in LEGACY if name in given]


def _env_file() -> dict[str, str]:
    try:
        return env_file()
    except EnvironmentFileError as error:
        raise SettingsError(str(error)) from None


def _collect(values: Mapping[str, str]) -> dict[str, Any]:
    """What concerns us, by field name."""
    for name in values:
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and field not in Settings.model_fields:
            raise SettingsError(
                f"{name} is no setting; `apimonitor settings` lists all"
            )
    return dict(collect(values))


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return reason
    return f"{str(first['loc'][0]).upper()}: {reason[0].lower()}{reason[1:]}"
