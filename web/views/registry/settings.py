"""Settings of a service in words: what each is, what it means, where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.registry.resources import SERVICE_FIELDS, ServiceResource
from monitor.registry.service_fields import FieldKind, ServiceField
from monitor.settings import Settings

# What the page shows above them.
SHOWN = frozenset({"name", "base_url", "description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSetting:
    """*value* may have many lines; *is_inherited*: it is the appliance's."""

    label: str
    value: str
    meaning: str
    is_changed: bool
    is_inherited: bool


def settings_of(service: ServiceResource, settings: Settings) -> Sequence[ShownSetting]:
    """What was changed comes first."""
    defaults = settings.model_dump()
    shown = [
        _shown(field, getattr(service, field.name), defaults)
        for field in SERVICE_FIELDS
        if field.name not in SHOWN
    ]
    return sorted(shown, key=lambda one: not one.is_changed)


def _shown(
    field: ServiceField, value: Any, defaults: Mapping[str, Any]
) -> ShownSetting:
    fallback = field.said.falls_back_to
    is_inherited = value is None and bool(fallback)
    held = defaults[fallback.lower()] if is_inherited else value
    return ShownSetting(
        label=field.said.label,
        value=_text(field, held),
        meaning=field.hint,
        is_changed=value != field.default,
        is_inherited=is_inherited,
    )


def _text(field: ServiceField, value: Any) -> str:
    if value is None or value == ():
        return "none"
    match field.kind:
        case FieldKind.FLAG:
            return "on" if value else "off"
        case FieldKind.LINES:
            return "\n".join(value)
        case FieldKind.WHOLE:
            return f"{value:,}"
        case FieldKind.NUMBER:
            return f"{value:,g}"
        case FieldKind.CHOICE:
            return dict(field.said.choices)[value]
        case FieldKind.TEXT:
            return str(value)
