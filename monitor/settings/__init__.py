"""Settings: which there are, what they mean, and how they are read.

Each is declared once, in the module of its theme.
"""

from monitor.environment import BARE
from monitor.settings.describe import describe
from monitor.settings.load import LEGACY, SettingsError, legacy_names, load
from monitor.settings.settings import Settings

__all__ = [
    "BARE",
    "LEGACY",
    "Settings",
    "SettingsError",
    "describe",
    "legacy_names",
    "load",
]
