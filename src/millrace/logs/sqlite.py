"""The log in a SQLite file: survives the death of the process without any service beside it.

Appending never waits. What was appended since the last commit is committed together, at most every
`tick_s` seconds while there is traffic and at once where there is none; followers get entries only after the
commit. A batch is a statement with many rows rather than many statements, because each statement gives up
and takes back the interpreter's lock.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from millrace.logs.memory_registry import IDEMPOTENCY_MS
from millrace.logs.sqlite_database import LogDatabase, storage_failure
from millrace.logs.tail import Tails
from millrace.model.errors import LeaseLost, MillraceError, StreamError
from millrace.model.events import AnyEvent, Entry, TerminalEvent, is_terminal
from millrace.model.turns import Lease
from millrace.ports import Clock, EntrySink, Subscription

TICK_S = 0.005
_MAX_PENDING = 200_000
_ROWS_PER_STATEMENT = 64
_READ_CHUNK = 20_000


@dataclass(slots=True, frozen=True)
class _Row:
    """An entry on its way into the file."""

    writer: "SqliteWriter"
    entry: Entry
    event: bytes


class SqliteWriter:
    """Appends to one turn's log. After a refusal or a fault every further append fails with the same error."""

    __slots__ = ("_log", "accepted", "failure", "fence", "key", "lease", "next_seq", "sealed")

    def __init__(self, log: "SqliteLog", lease: Lease, key: int, next_seq: int, *, sealed: bool) -> None:
        self._log = log
        self.lease = lease
        self.key = key
        self.fence = lease.fence
        self.next_seq = next_seq
        self.accepted = next_seq
        self.sealed = sealed
        self.failure: MillraceError | None = None

    def append(self, event: AnyEvent) -> int:
        """Append without waiting."""
        if self.failure is not None:
            raise self.failure
        if self.sealed:
            raise StreamError(detail="the log is sealed")
        seq = self.next_seq
        self._log.enqueue(self, Entry(seq, self._log.clock.now_ms(), event))
        self.next_seq = seq + 1
        return seq

    async def flush(self) -> None:
        """Wait until all that was appended is in the file."""
        while self.failure is None and self.accepted < self.next_seq:
            await self._log.committed()
        if self.failure is not None:
            raise self.failure

    async def seal(self, event: TerminalEvent) -> int:
        """Append the terminal event and wait until it is in the file."""
        seq = self.append(event)
        self.sealed = True
        await self.flush()
        return seq


class SqliteLog:
    """Implements the `TurnLog` port. `tick_s` is the least time between two commits."""

    def __init__(self, database: LogDatabase, clock: Clock, *, tick_s: float = TICK_S) -> None:
        self.clock = clock
        self._database = database
        self._tick_s = tick_s
        self._tails = Tails()
        self._writers: dict[str, SqliteWriter] = {}
        self._pending: list[_Row] = []
        self._committing: asyncio.Future[list[int]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._last_commit = 0.0
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(AnyEvent)

    async def open(self, lease: Lease) -> SqliteWriter:
        """Start or go on with a turn's log."""

        def find(connection: sqlite3.Connection) -> tuple[int, int, bytes | None]:
            turn = connection.execute(
                "SELECT id FROM turns WHERE turn_id = ? AND owner = ? AND fence = ?",
                (lease.turn_id, lease.owner, lease.fence),
            ).fetchone()
            if turn is None:
                raise LeaseLost
            last = connection.execute(
                "SELECT seq, event FROM entries WHERE turn = ? ORDER BY seq DESC LIMIT 1", turn
            ).fetchone()
            return (turn[0], *(last or (-1, None)))

        key, last_seq, last_event = await self._database.transact(find)
        sealed = last_event is not None and is_terminal(self._decoder.decode(last_event))
        writer = SqliteWriter(self, lease, key, last_seq + 1, sealed=sealed)
        self._writers[lease.turn_id] = writer
        return writer

    def enqueue(self, writer: SqliteWriter, entry: Entry) -> None:
        """Put an entry into the next commit."""
        if len(self._pending) >= _MAX_PENDING:
            raise StreamError("The server cannot store answers fast enough. Try again in a moment.", retry_after=5)
        self._pending.append(_Row(writer, entry, self._encoder.encode(entry.event)))
        if self._committing is None and self._timer is None:
            self._schedule()

    def committed(self) -> "asyncio.Future[None]":
        """Done after the next commit, whatever became of it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        due = self._last_commit + self._tick_s
        self._timer = loop.call_at(max(due, loop.time()), self._commit)

    def _commit(self) -> None:
        self._timer = None
        rows, self._pending = self._pending, []
        self._last_commit = asyncio.get_running_loop().time()
        try:
            self._committing = self._database.write(lambda connection: _insert(connection, rows))
        except StreamError as error:
            self._refuse(rows, error)
            self._settle()
            return
        self._committing.add_done_callback(lambda done: self._accepted(rows, done))

    def _accepted(self, rows: list[_Row], done: "asyncio.Future[list[int]]") -> None:
        self._committing = None
        error = done.exception()
        if error is not None:
            self._refuse(rows, storage_failure(error))
        else:
            lost = frozenset(done.result())
            if lost:
                self._refuse([row for row in rows if row.writer.key in lost], LeaseLost())
                rows = [row for row in rows if row.writer.key not in lost]
            self._give(rows)
        self._settle()

    def _settle(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._pending and self._committing is None and self._timer is None:
            self._schedule()

    def _give(self, rows: list[_Row]) -> None:
        by_writer: dict[SqliteWriter, list[Entry]] = {}
        for row in rows:
            by_writer.setdefault(row.writer, []).append(row.entry)
        for writer, entries in by_writer.items():
            writer.accepted = entries[-1].seq + 1
            if writer.sealed and writer.accepted == writer.next_seq:
                self._writers.pop(writer.lease.turn_id, None)
            self._tails.give(writer.lease.turn_id, entries)

    def _refuse(self, rows: list[_Row], error: MillraceError) -> None:
        """Nothing of these writers may come later: an entry behind a lost one would leave a gap."""
        failed = {row.writer for row in rows}
        for writer in failed:
            writer.failure = error
            if self._writers.get(writer.lease.turn_id) is writer:
                del self._writers[writer.lease.turn_id]
        self._pending = [row for row in self._pending if row.writer not in failed]

    async def read(self, turn_id: str, after: int = -1) -> Sequence[Entry]:
        """The entries over `after`."""
        decode = self._decoder.decode

        def select(connection: sqlite3.Connection) -> list[Entry]:
            rows = connection.execute(
                "SELECT seq, at, event FROM entries WHERE turn = (SELECT id FROM turns WHERE turn_id = ?)"
                " AND seq > ? ORDER BY seq",
                (turn_id, after),
            )
            return [Entry(seq, at, decode(event)) for seq, at, event in rows]

        return await self._database.query(select)

    async def follow(self, turn_id: str, after: int, sink: EntrySink) -> Subscription:
        """Give `sink` what is there and then what comes."""
        tail = self._tails.add(turn_id, after, sink)
        writer = self._writers.get(turn_id)
        if writer is not None and writer.accepted == after + 1:
            return tail
        tail.hold()
        try:
            backlog = await self.read(turn_id, after)
        except BaseException:
            tail.close()
            raise
        tail.release(backlog)
        return tail

    async def prune(self, ended_before_ms: int) -> int:
        """Forget the entries of turns that ended before that time; the turns too, once their request id is free."""
        forgotten_ms = self.clock.now_ms() - IDEMPOTENCY_MS

        def delete(connection: sqlite3.Connection) -> int:
            turns = connection.execute(
                "SELECT id FROM turns WHERE ended_at < ? AND pruned = 0 LIMIT 500", (ended_before_ms,)
            ).fetchall()
            connection.executemany("DELETE FROM entries WHERE turn = ?", turns)
            connection.executemany("UPDATE turns SET pruned = 1 WHERE id = ?", turns)
            connection.execute("DELETE FROM turns WHERE pruned = 1 AND created_at < ?", (forgotten_ms,))
            return len(turns)

        pruned = 0
        while count := await self._database.transact(delete):
            pruned += count
        return pruned

    async def close(self) -> None:
        """Commit what is pending."""
        while self._pending or self._committing is not None:
            await self.committed()


def _insert(connection: sqlite3.Connection, rows: list[_Row]) -> list[int]:
    """Insert what its lease allows; returns the keys of turns whose lease was lost."""
    lost: list[int] = []
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        chunk = rows[start : start + _ROWS_PER_STATEMENT]
        values: list[object] = []
        for row in chunk:
            values += (row.writer.key, row.writer.fence, row.entry.seq, row.entry.at, row.event.decode())
        inserted = connection.execute(_insert_statement(len(chunk)), values).rowcount
        if inserted != len(chunk):
            lost += _lost(connection, {row.writer.key: row.writer.fence for row in chunk})
    return lost


def _insert_statement(rows: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?)"] * rows)
    return (
        "INSERT INTO entries (turn, seq, at, event) SELECT column1, column3, column4, column5"
        f" FROM (VALUES {values}) JOIN turns ON turns.id = column1 AND turns.fence = column2"
    )


def _lost(connection: sqlite3.Connection, fences: dict[int, int]) -> list[int]:
    lost = []
    for key, fence in fences.items():
        row = connection.execute("SELECT fence FROM turns WHERE id = ?", (key,)).fetchone()
        if row is None or row[0] != fence:
            lost.append(key)
    return lost
