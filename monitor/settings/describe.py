"""The list of all settings, for whoever asks which there are and what they mean."""

from typing import Any

from monitor.settings.settings import FIELDS, Settings


def describe(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Name, value, default and meaning of each setting; secrets stay hidden."""
    return [
        (
            name.upper(),
            _shown(getattr(settings, name)),
            _shown(field.default),
            field.description or "",
        )
        for name, field in FIELDS.items()
    ]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return str(value)
