"""The mask: what stands where something sensitive was."""

from typing import Final

MASK: Final = "***MASKED***"
