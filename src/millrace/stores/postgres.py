"""Transactions on PostgreSQL: a pool of connections on the event loop."""

from typing import Any

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from millrace.model.errors import StoreUnavailable
from millrace.stores.database import T, Work
from millrace.stores.errors import UnsupportedDatabase, describe, translated


class PostgresDatabase:
    """A pool of connections to a server."""

    dialect = "postgresql"

    def __init__(self, url: URL, connect_timeout: float) -> None:
        self._url = url
        self._connect_timeout = connect_timeout
        # A server that has fallen silent, or a network that swallows what is sent, must keep nobody waiting for ever.
        self._engine = self._connecting(command_timeout=2 * connect_timeout)
        # A single statement needs no transaction, which saves two round trips.
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        """See `Database`."""
        return await self._run(self._reading, work)

    async def write(self, work: Work[T]) -> T:
        """See `Database`."""
        return await self._run(self._engine, work)

    async def migrate(self, work: Work[T]) -> T:
        """See `Database`."""
        engine = self._connecting(command_timeout=None)
        try:
            return await self._run(engine, work)
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """See `Database`."""
        if not self._closed:
            self._closed = True
            await self._engine.dispose()

    def _connecting(self, *, command_timeout: float | None) -> AsyncEngine:
        try:
            return create_async_engine(
                self._url,
                connect_args={
                    "async_creator_fn": _connect_postgres,
                    "timeout": self._connect_timeout,
                    "command_timeout": command_timeout,
                    # Statements are short; compiling them to machine code takes longer than running them.
                    "server_settings": {"application_name": "millrace", "jit": "off"},
                },
                pool_size=10,
                pool_timeout=self._connect_timeout,
                # A connection that a restart of the server has cut is noticed before it is used.
                pool_pre_ping=True,
                hide_parameters=True,
            )
        except ModuleNotFoundError as error:
            raise UnsupportedDatabase("PostgreSQL needs its driver: install millrace[postgresql].") from error

    async def _run(self, engine: AsyncEngine, work: Work[T]) -> T:
        if self._closed:
            raise StoreUnavailable(detail="the store is closed")
        with translated():
            async with engine.begin() as connection:
                return await connection.run_sync(work)


async def _connect_postgres(**arguments: Any) -> Any:
    """Connect; SQLAlchemy passes on what the driver raises here, which is none of the errors that it knows."""
    import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - has no types; an extra, so not at the top

    try:
        return await asyncpg.connect(**arguments)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError(describe(error)) from error
