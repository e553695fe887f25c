"""The store's contract on PostgreSQL, and what is the server's own: migrations, restarts, refusals."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tests.contract.store_contract import StoreContract
from tests.support.postgresql import PostgresqlServer, postgresql_process, postgresql_program

from millrace.model.errors import StoreUnavailable
from millrace.model.messages import User
from millrace.stores.errors import SchemaTooNew
from millrace.stores.schema import downgrade, upgrade
from millrace.stores.sql import SqlStore
from millrace.stores.tables import METADATA

pytestmark = pytest.mark.skipif(postgresql_program("postgres") is None, reason="no PostgreSQL server is installed")


@pytest.fixture(scope="module")
def process() -> Iterator[PostgresqlServer]:
    with postgresql_process() as process:
        yield process


@pytest.fixture(scope="module")
def server(process: PostgresqlServer) -> str:
    return process.url


def async_engine(url: str) -> AsyncEngine:
    return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))


async def execute(url: str, statement: str) -> None:
    engine = async_engine(url)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
async def database(server: str) -> AsyncIterator[str]:
    """The URL of a database for one test."""
    name = f"test_{uuid.uuid4().hex}"
    await execute(server, f"CREATE DATABASE {name}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    await execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def shared_database(server: str) -> str:
    """One database for the whole suite, emptied after each test, which takes less time than making one."""
    asyncio.run(execute(server, "CREATE DATABASE contract"))
    return make_url(server).set(database="contract").render_as_string(hide_password=False)


class TestPostgresql(StoreContract):
    @pytest.fixture
    async def store(self, shared_database: str) -> AsyncIterator[SqlStore]:
        store = await SqlStore.open(shared_database)
        yield store
        await store.close()
        await execute(shared_database, "TRUNCATE users CASCADE")


async def tables(url: str) -> set[str]:
    engine = async_engine(url)
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        names = set(found.scalars())
    await engine.dispose()
    return names


async def test_migrations_lead_to_the_tables_and_back(database: str) -> None:
    def differences(connection: Connection) -> object:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, _kind, _parents: name not in {"search", "ix_versions_search"},
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    await upgrade(database)
    engine = async_engine(database)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
    await downgrade(database)
    assert await tables(database) == {"alembic_version"}
    await upgrade(database)
    assert await tables(database) == {*METADATA.tables, "alembic_version"}


async def test_stores_that_open_together_migrate_once(database: str) -> None:
    for store in await asyncio.gather(*(SqlStore.open(database) for _ in range(4))):
        await store.ready()
        await store.close()


async def test_a_newer_database_is_refused(database: str) -> None:
    await upgrade(database)
    await execute(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match="newer version of Millrace"):
        await SqlStore.open(database)


async def test_connections_that_were_cut_are_replaced(database: str) -> None:
    store = await SqlStore.open(database)
    await store.create_user(User("ada", "guest", "Ada", 1))
    await execute(
        database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace'"
    )
    assert await store.user("ada") is not None
    await store.close()


async def test_a_server_that_fell_silent_keeps_nobody_waiting(process: PostgresqlServer, database: str) -> None:
    store = await SqlStore.open(database, lock_timeout=0.25)
    process.pause()
    try:
        for verb in (store.user("ada"), store.create_user(User("ada", "guest", "Ada", 1))):
            with pytest.raises(StoreUnavailable) as caught:
                await asyncio.wait_for(verb, 10)
            assert caught.value.retry_after
    finally:
        process.go_on()
    assert await store.user("ada") is None
    await store.close()


@pytest.mark.parametrize(
    "changes", [{"database": "nowhere"}, {"username": "nobody"}, {"port": 1}], ids=["database", "user", "port"]
)
async def test_a_server_that_refuses_says_so(server: str, changes: dict[str, object]) -> None:
    url = make_url(server)
    for name, value in changes.items():
        url = url.set(**{name: value})  # type: ignore[arg-type]  # each value fits its own name
    with pytest.raises(StoreUnavailable) as caught:
        await SqlStore.open(url.render_as_string(hide_password=False))
    assert caught.value.retry_after
    assert caught.value.detail
