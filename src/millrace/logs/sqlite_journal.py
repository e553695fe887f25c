"""The rows of the SQLite log: a journal of batches, and an archive of whole logs. Runs in the database's threads."""

import sqlite3
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from millrace.model.errors import LeaseLost
from millrace.model.events import Entry
from millrace.model.turns import Lease

_PRUNE_TURNS = 500


class Placed(Struct, frozen=True):
    """Entries of one turn in one batch. `whole` is the turn's log if these end it."""

    key: int
    fence: int
    entries: list[Entry]
    whole: list[Entry] | None = None


class Journal:
    """Writes and reads batches. Only `write` and `begin` touch the counter, and they run in one thread."""

    def __init__(self) -> None:
        self._next_batch: int | None = None
        self._encode = msgspec.json.Encoder().encode
        self._decode_batch = msgspec.json.Decoder(list[tuple[int, list[Entry]]]).decode
        self._decode_log = msgspec.json.Decoder(list[Entry]).decode

    def begin(self, connection: sqlite3.Connection, lease: Lease) -> tuple[int, list[Entry]]:
        """The key of a turn and its entries so far.

        Raises:
            LeaseLost: A newer lease exists.
        """
        row = connection.execute(
            "SELECT id, first_batch FROM turns WHERE turn_id = ? AND owner = ? AND fence = ?",
            (lease.turn_id, lease.owner, lease.fence),
        ).fetchone()
        if row is None:
            raise LeaseLost
        key, first_batch = row
        if first_batch is not None:
            return key, self._entries(connection, key, first_batch)
        connection.execute("UPDATE turns SET first_batch = ? WHERE id = ?", (self._counter(connection), key))
        return key, []

    def write(self, connection: sqlite3.Connection, batch: Sequence[Placed]) -> list[int]:
        """Add a batch, without the turns whose lease was lost; returns the keys of those."""
        lost = _lost(connection, batch)
        kept = [placed for placed in batch if placed.key not in lost] if lost else batch
        number = self._counter(connection)
        payload = self._encode([(placed.key, placed.entries) for placed in kept])
        connection.execute("INSERT INTO batches (id, entries) VALUES (?, ?)", (number, payload))
        for placed in kept:
            if placed.whole is not None:
                connection.execute(
                    "INSERT INTO archives (turn, entries) VALUES (?, ?)", (placed.key, self._encode(placed.whole))
                )
        self._next_batch = number + 1
        return lost

    def read(self, connection: sqlite3.Connection, turn_id: str) -> list[Entry]:
        """All entries of a turn; none where it is not known."""
        row = connection.execute("SELECT id, first_batch FROM turns WHERE turn_id = ?", (turn_id,)).fetchone()
        if row is None or row[1] is None:
            return []
        return self._entries(connection, row[0], row[1])

    def prune(self, connection: sqlite3.Connection, ended_before_ms: int, forgotten_ms: int) -> int:
        """Forget some turns that ended before a time, and the batches that nobody needs; returns how many turns."""
        turns = connection.execute(
            "SELECT id FROM turns WHERE ended_at < ? AND pruned = 0 LIMIT ?", (ended_before_ms, _PRUNE_TURNS)
        ).fetchall()
        connection.executemany("DELETE FROM archives WHERE turn = ?", turns)
        connection.executemany("UPDATE turns SET pruned = 1 WHERE id = ?", turns)
        connection.execute("DELETE FROM turns WHERE pruned = 1 AND created_at < ?", (forgotten_ms,))
        self._drop_batches(connection)
        return len(turns)

    def forget(self, connection: sqlite3.Connection, turn_id: str) -> None:
        """Forget a turn that ended, and what of the batches it was the last to need."""
        connection.execute("DELETE FROM turns WHERE turn_id = ? AND ended_at IS NOT NULL", (turn_id,))
        self._drop_batches(connection)

    def _drop_batches(self, connection: sqlite3.Connection) -> None:
        """Forget the batches that nobody needs."""
        connection.execute(
            "DELETE FROM batches WHERE id < (SELECT coalesce(min(first_batch), ?) FROM turns"
            " WHERE state IN ('queued', 'running') OR (pruned = 0 AND id NOT IN (SELECT turn FROM archives)))",
            (self._counter(connection),),
        )

    def _entries(self, connection: sqlite3.Connection, key: int, first_batch: int) -> list[Entry]:
        archive = connection.execute("SELECT entries FROM archives WHERE turn = ?", (key,)).fetchone()
        if archive is not None:
            return self._decode_log(archive[0])
        found: list[Entry] = []
        for (payload,) in connection.execute("SELECT entries FROM batches WHERE id >= ? ORDER BY id", (first_batch,)):
            for turn, entries in self._decode_batch(payload):
                if turn == key:
                    found += entries
        return found

    def _counter(self, connection: sqlite3.Connection) -> int:
        """The number of the next batch: over every one that a turn may refer to."""
        if self._next_batch is None:
            (last,) = connection.execute(
                "SELECT max(coalesce((SELECT max(id) FROM batches), 0),"
                " coalesce((SELECT max(first_batch) FROM turns), 0))"
            ).fetchone()
            self._next_batch = last + 1
        return self._next_batch


def _lost(connection: sqlite3.Connection, batch: Sequence[Placed]) -> list[int]:
    """The keys of turns that a newer lease owns."""
    marks = ", ".join(["(?, ?)"] * len(batch))
    values = [value for placed in batch for value in (placed.key, placed.fence)]
    rows = connection.execute(
        f"SELECT column1 FROM (VALUES {marks}) WHERE NOT EXISTS"
        " (SELECT 1 FROM turns WHERE turns.id = column1 AND turns.fence = column2)",
        values,
    )
    return [key for (key,) in rows]
