"""A real PostgreSQL for the tests: one server a run, one database a test."""

import asyncio
import fcntl
import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from monitor.storage.database.migrate import migrate
from monitor.storage.server.server import Server
from tests.support import clusters
from tests.support.databases import MIGRATIONS, TEST_OPTIONS
from tests.support.temporary import directory_in_memory

TEMPLATE = "template_migrated"
# What the template is called until it is whole.
UNFINISHED = "template_unfinished"
# A machine that is busy with others may be slow, and is not wrong.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """In memory, but for who says where: the files are there afterwards."""
    is_worker = hasattr(config, "workerinput")
    is_said = config.option.basetemp or os.environ.get("PYTEST_DEBUG_TEMPROOT")
    if is_worker or is_said:
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    if directory := stack.enter_context(directory_in_memory()):
        config.option.basetemp = str(directory / "all")
        os.environ[clusters.PLACE] = str(directory / "cluster")
        stack.callback(os.environ.pop, clusters.PLACE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those that need longer than others: at the end nobody could share them."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays: looking through it took a twentieth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_directory(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """One for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    is_worker = hasattr(request.config, "workerinput")
    return base.parent if is_worker else base


@pytest.fixture(scope="session")
def postgres(shared_directory: Path) -> Iterator[Server]:
    """The server that the workers share: the first launches it, the others join."""
    # Another version's binaries: PG_BIN=/usr/lib/postgresql/15/bin make test
    binaries = os.environ.get("PG_BIN")
    server = Server(
        shared_directory / "postgres",
        bin_dir=Path(binaries) if binaries else None,
        options=TEST_OPTIONS,
    )
    server.start()
    with (shared_directory / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_make_template(server))
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """A migrated database of the test's own."""
    with _database(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(postgres: Server) -> Iterator[str]:
    """One for all tests of a module that do not mind what others left there."""
    with _database(postgres) as url:
        yield url


@contextmanager
def _database(postgres: Server) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    asyncio.run(
        _execute(
            postgres.dsn(),
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy",
        )
    )
    yield postgres.dsn(name)
    asyncio.run(_execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)"))


async def _make_template(server: Server) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        known = await connection.fetchval(
            "SELECT true FROM pg_database WHERE datname = $1", TEMPLATE
        )
        if known:
            return
        await connection.execute(f"DROP DATABASE IF EXISTS {UNFINISHED} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {UNFINISHED}")
        template = await asyncpg.connect(server.dsn(UNFINISHED))
        try:
            await migrate(template, MIGRATIONS)
        finally:
            await template.close()
        await connection.execute(f"ALTER DATABASE {UNFINISHED} RENAME TO {TEMPLATE}")
    finally:
        await connection.close()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
