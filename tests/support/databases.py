"""Databases of tests: what is migrated."""

from pathlib import Path

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# Nothing survives a power cut.
TEST_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1h",
}
