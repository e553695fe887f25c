"""Every statement finds its rows by an index, whatever the size of the tables."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Executable, create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect

from millrace.stores.schema import upgrade
from millrace.stores.statements import Statements

POSTGRESQL: Callable[[], Dialect] = postgresql.dialect
SQLITE = SQLiteDialect_pysqlite()
SQL = Statements("sqlite")
NAMES = sorted(name for name, value in vars(SQL).items() if isinstance(value, Executable))


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    await upgrade(f"sqlite:///{tmp_path}/s.db")
    engine = create_engine(f"sqlite:///{tmp_path}/s.db")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("name", NAMES)
def test_no_statement_reads_a_whole_table(connection: Connection, name: str) -> None:
    compiled = getattr(SQL, name).compile(dialect=SQLITE)
    values = tuple(1 for _ in compiled.positiontup or ())
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]
    assert plan or name.startswith(("add_", "create_"))
    # What is left to scan: a subquery's few rows, the full-text index (its MATCH is an index), one row of users.
    allowed = ["SCAN message_search VIRTUAL TABLE", "SCAN anon_1", "SCAN CONSTANT ROW"]
    if name == "ready":
        allowed.append("SCAN users")
    assert [line for line in plan if line.startswith("SCAN") and not line.startswith(tuple(allowed))] == []
    sorts = [line for line in plan if "TEMP B-TREE" in line]
    assert name == "search" or sorts == []


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_exists_in_both_dialects(name: str) -> None:
    assert str(getattr(Statements("postgresql"), name).compile(dialect=POSTGRESQL()))
