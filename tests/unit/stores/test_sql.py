"""What the store leaves in its tables, which no verb of the port shows."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from millrace.model.commands import StartTurn
from millrace.model.errors import NotFound
from millrace.model.events import Usage
from millrace.model.messages import Session, Turn, User, Version
from millrace.model.turns import SideUsage, TurnOutcome
from millrace.stores.sql import SqlStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = await SqlStore.open(f"sqlite:///{tmp_path}/store.db")
    await store.create_user(User("ada", "guest", "Ada", 1))
    await store.create_session(Session("s", "ada", "", 1, 1))
    yield store
    await store.close()


@pytest.fixture
def connection(store: SqlStore, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        yield connection


def rows(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    tables = ("sessions", "messages", "versions", "reactions", "message_search", "usage")
    return {table: rows(connection, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


TURN = Turn(
    id="t",
    session_id="s",
    user_id="ada",
    user_message_id="q",
    message_id="a",
    command=StartTurn(message="Why?"),
    model="asked/model",
    created_at=100,
)
OUTCOME = TurnOutcome(
    turn=TURN,
    answer=Version(number=1, content="Because.", status="cancelled", created_at=200, turn_id="t"),
    new_user_message=True,
    usage=Usage(3, 5, reasoning_tokens=2, cached_tokens=1, estimated=True),
    model="used/model",
    cost=0.25,
)


async def test_usage_has_a_row_per_turn(store: SqlStore, connection: sqlite3.Connection) -> None:
    again = msgspec.structs.replace(
        OUTCOME, turn=msgspec.structs.replace(TURN, id="t2"), new_user_message=False, usage=Usage(), cost=None
    )
    for outcome in (OUTCOME, OUTCOME, again, again):
        await store.finish_turn(outcome)
    assert rows(connection, "SELECT * FROM usage ORDER BY turn_id") == [
        ("t", "ada", "s", "used/model", "cancelled", 3, 5, 2, 1, 1, 0.25, 200, None),
        ("t2", "ada", "s", "used/model", "cancelled", 0, 0, None, None, 0, None, 200, None),
    ]


async def test_a_deleted_session_leaves_its_usage_alone(store: SqlStore, connection: sqlite3.Connection) -> None:
    await store.finish_turn(OUTCOME)
    await store.set_reaction("a", "up", present=True)
    await store.delete_session("s")
    await store.finish_turn(OUTCOME)
    await store.finish_turn(msgspec.structs.replace(OUTCOME, turn=msgspec.structs.replace(TURN, id="later")))
    left = {"sessions": 0, "messages": 0, "versions": 0, "reactions": 0, "message_search": 0, "usage": 1}
    assert counts(connection) == left
    assert rows(connection, "SELECT turn_id, session_id FROM usage") == [("t", None)]


async def test_what_was_used_beside_an_answer_has_a_row_per_call(
    store: SqlStore, connection: sqlite3.Connection
) -> None:
    used = SideUsage(
        turn_id="t",
        user_id="ada",
        session_id="s",
        purpose="title",
        model="quick/model",
        usage=Usage(30, 4, estimated=True),
        cost=0.001,
        created_at=300,
    )
    await store.add_side_usage(used)
    await store.add_side_usage(msgspec.structs.replace(used, session_id="gone", purpose="suggestions", cost=None))
    await store.delete_session("s")
    assert rows(connection, "SELECT * FROM side_usage ORDER BY id") == [
        (1, "t", "ada", None, "title", "quick/model", 30, 4, None, None, 1, 0.001, 300),
        (2, "t", "ada", None, "suggestions", "quick/model", 30, 4, None, None, 1, None, 300),
    ]
    assert rows(connection, "SELECT * FROM usage") == []


async def test_a_turn_that_cannot_be_stored_leaves_nothing(store: SqlStore, connection: sqlite3.Connection) -> None:
    before = counts(connection)
    with pytest.raises(NotFound):
        await store.finish_turn(msgspec.structs.replace(OUTCOME, new_user_message=False))
    assert counts(connection) == before
    assert rows(connection, "SELECT updated_at, message_count FROM sessions") == [(1, 0)]


async def test_the_index_holds_current_versions_alone(store: SqlStore, connection: sqlite3.Connection) -> None:
    await store.finish_turn(OUTCOME)
    columns = "message_id, number, content, status, created_at, turn_id"
    connection.execute(f"INSERT INTO versions ({columns}) VALUES ('a', 9, 'x', '', 1, '')")
    assert rows(connection, "SELECT content FROM message_search ORDER BY rowid") == [("Why?",), ("Because.",)]
    connection.execute("INSERT INTO message_search (message_search) VALUES ('integrity-check')")
