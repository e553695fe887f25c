"""Migrations: they lead to the tables, back again, once for all who start together."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from millrace.model.errors import StoreUnavailable
from millrace.stores.errors import SchemaTooNew, UnsupportedDatabase
from millrace.stores.schema import configuration, downgrade, upgrade
from millrace.stores.sql import SqlStore
from millrace.stores.tables import METADATA


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type != 'index'")}


async def test_migrations_lead_to_the_tables(path: Path) -> None:
    await upgrade(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: kind != "table" or not name.startswith("message_search"),
            },
        )
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


async def test_upgrading_twice_changes_nothing(path: Path) -> None:
    await upgrade(f"sqlite:///{path}")
    before = names(path)
    await upgrade(f"sqlite:///{path}")
    assert names(path) == before
    assert {"users", "message_search", "message_search_added"} <= before


async def test_the_way_back_leaves_nothing_and_can_be_gone_again(path: Path) -> None:
    await upgrade(f"sqlite:///{path}")
    full = names(path)
    await downgrade(f"sqlite:///{path}")
    assert names(path) == {"alembic_version"}
    await upgrade(f"sqlite:///{path}")
    assert names(path) == full


async def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE usage (x)")  # in the way of the last table
        connection.commit()
    with pytest.raises(StoreUnavailable):
        await upgrade(f"sqlite:///{path}")
    assert names(path) == {"usage"}


async def test_a_newer_database_is_refused_untouched(path: Path) -> None:
    await upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        before = list(connection.iterdump())
    with pytest.raises(SchemaTooNew, match="newer version of Millrace") as caught:
        await SqlStore.open(f"sqlite:///{path}")
    assert not caught.value.recoverable
    assert caught.value.detail == "the database is at revision 9999"
    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before


async def test_logging_stays_as_it_was(path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("alembic").level)
    await upgrade(f"sqlite:///{path}")
    assert (root.level, list(root.handlers), logging.getLogger("alembic").level) == before


async def test_stores_that_open_together_migrate_once(path: Path) -> None:
    stores = await asyncio.gather(*(SqlStore.open(f"sqlite:///{path}") for _ in range(4)))
    for store in stores:
        await store.ready()
        await store.close()


def test_processes_that_start_together_migrate_once(path: Path) -> None:
    program = "import asyncio, sys; from millrace.stores.schema import upgrade; asyncio.run(upgrade(sys.argv[1]))"
    started = [
        subprocess.Popen([sys.executable, "-c", program, f"sqlite:///{path}"], stderr=subprocess.PIPE) for _ in range(2)
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
    assert "message_search" in names(path)


def test_the_history_has_one_end() -> None:
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d", "redis://h"]
)
async def test_other_databases_are_refused_without_repeating_the_url(url: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="sqlite:///path") as caught:
        await upgrade(url)
    assert "secret" not in str(caught.value) + str(caught.value.detail)
