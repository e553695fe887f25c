"""The rows of the journal: what each turn gets back is its own, whatever was written between."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.logs.sqlite_database import LogDatabase, _migrate
from millrace.logs.sqlite_journal import Journal, Placed
from millrace.model.errors import LeaseLost
from millrace.model.events import Entry, TextDelta
from millrace.model.turns import Lease


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = LogDatabase(tmp_path / "log.db")._connect()
    _migrate(connection)
    for name in ("a", "b", "c"):
        connection.execute(
            "INSERT INTO turns (turn_id, session_id, user_id, state, owner, fence, created_at, turn)"
            " VALUES (?, ?, 'u', 'running', 'me', 1, 0, '{}')",
            (name, name),
        )
    yield connection
    connection.close()


def entries(start: int, count: int) -> list[Entry]:
    return [Entry(seq, seq, TextDelta(seq, f"{seq}")) for seq in range(start, start + count)]


def test_turns_are_interleaved_and_read_apart(connection: sqlite3.Connection) -> None:
    journal = Journal()
    keys = {name: journal.begin(connection, Lease(name, "me", 1))[0] for name in ("a", "b")}
    journal.write(connection, [Placed(keys["a"], 1, entries(0, 2)), Placed(keys["b"], 1, entries(0, 1))])
    journal.write(connection, [Placed(keys["b"], 1, entries(1, 3))])
    late, _ = journal.begin(connection, Lease("c", "me", 1))
    whole = entries(0, 4)
    journal.write(connection, [Placed(late, 1, entries(0, 1)), Placed(keys["a"], 1, whole[2:], whole)])
    assert journal.read(connection, "a") == whole
    assert journal.read(connection, "b") == entries(0, 4)
    assert journal.read(connection, "c") == entries(0, 1)
    assert journal.read(connection, "nobody") == []
    again = Journal()
    assert again.begin(connection, Lease("b", "me", 1)) == (keys["b"], entries(0, 4))


def test_a_lost_lease_leaves_its_entries_out_and_the_others_in(connection: sqlite3.Connection) -> None:
    journal = Journal()
    keys = {name: journal.begin(connection, Lease(name, "me", 1))[0] for name in ("a", "b")}
    connection.execute("UPDATE turns SET fence = 2 WHERE turn_id = 'a'")
    lost = journal.write(connection, [Placed(keys["a"], 1, entries(0, 2)), Placed(keys["b"], 1, entries(0, 1))])
    assert lost == [keys["a"]]
    assert journal.read(connection, "a") == []
    assert journal.read(connection, "b") == entries(0, 1)
    with pytest.raises(LeaseLost):
        journal.begin(connection, Lease("a", "me", 1))


def test_numbers_go_on_after_everything_was_thrown_away(connection: sqlite3.Connection) -> None:
    """A turn that begins later must not find batches before its beginning, nor miss its own."""
    journal = Journal()
    key, _ = journal.begin(connection, Lease("a", "me", 1))
    journal.write(connection, [Placed(key, 1, entries(0, 1), entries(0, 1))])
    connection.execute("UPDATE turns SET state = 'completed', ended_at = 1 WHERE turn_id = 'a'")
    waiting, _ = journal.begin(connection, Lease("b", "me", 1))
    assert journal.prune(connection, 0, 0) == 0
    restarted = Journal()
    restarted.write(connection, [Placed(waiting, 1, entries(0, 2))])
    assert restarted.read(connection, "b") == entries(0, 2)
