"""Brings a database's tables up to date, with Alembic, from inside the program.

No ini file is read and logging stays as it is. Processes that start at once wait for each other, and each change
is a transaction: it happened or it did not.
"""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from millrace.stores.database import Database, open_database
from millrace.stores.errors import SchemaTooNew

_SCRIPTS = Path(__file__).with_name("migrations")
_ADVISORY_LOCK = 0x6D696C6C72616365  # "millrace", the lock that PostgreSQL's migrating processes queue for


async def upgrade(url: str) -> None:
    """Bring the database at `url` to the tables of this version; an empty one gets all of them.

    Raises:
        SchemaTooNew: A newer Millrace wrote it.
        UnsupportedDatabase: The URL names something else.
        StoreUnavailable: The database does not answer.
    """
    database = await asyncio.to_thread(open_database, url)
    try:
        await upgrade_database(database)
    finally:
        await database.close()


async def upgrade_database(database: Database) -> None:
    """Like `upgrade`, for a database that is open."""
    await database.migrate(_upgrade)


async def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to the tables of `revision`; what came later is dropped with its rows."""
    database = await asyncio.to_thread(open_database, url)
    try:
        await database.migrate(lambda connection: command.downgrade(_prepare(connection), revision))
    finally:
        await database.close()


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations that are shipped with the package."""
    config = Config()
    # The option is interpolated, so a per cent sign in the path must be doubled.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    config = _prepare(connection)
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaTooNew(detail=f"the database is at revision {current}")
    command.upgrade(config, "head")


def _prepare(connection: Connection) -> Config:
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    return configuration(connection)
