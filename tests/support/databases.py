"""Databases of tests: what is migrated."""

from pathlib import Path

MIGRATIONS = Path(__file__).parents[2] / "migrations"
