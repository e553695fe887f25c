"""The registry in the log's SQLite file.

One process owns a data folder (its lock file says so), so a turn whose owner is not this process is an orphan
at once: leases need no time here, and fencing numbers still say who may write.
"""

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from millrace.logs.memory_registry import IDEMPOTENCY_MS
from millrace.logs.signals import Announcements, SignalSinks
from millrace.logs.sqlite_database import LogDatabase
from millrace.model.errors import TurnInProgress
from millrace.model.messages import Turn, TurnState
from millrace.model.turns import Admission, Lease, Signal, TurnRecord
from millrace.ports import Clock, Subscription

_COLUMNS = "turn, state, turn_id, owner, fence"
_ACTIVE = "state IN ('queued', 'running')"
Row = tuple[str, TurnState, str, str, int]


class SqliteRegistry:
    """Implements the `TurnRegistry` port for the one process that owns the file."""

    def __init__(self, database: LogDatabase, clock: Clock, owner: str) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._signals = SignalSinks()
        self._announcements = Announcements()

    async def admit(self, turn: Turn, *, queue_limit: int) -> Admission:
        """Claim the session for a turn."""
        spec = msgspec.json.encode(turn).decode()
        now = self._clock.now_ms()

        def claim(connection: sqlite3.Connection) -> Admission:
            known = _same_request(connection, turn, now)
            if known is not None:
                return Admission("duplicate", known)
            (waiting,) = connection.execute(
                f"SELECT count(*) FROM turns WHERE session_id = ? AND {_ACTIVE}", (turn.session_id,)
            ).fetchone()
            if waiting > queue_limit:
                raise TurnInProgress
            state: TurnState = "queued" if waiting else "running"
            connection.execute(
                "INSERT INTO turns (turn_id, session_id, user_id, request_id, state, owner, fence, created_at, turn)"
                " VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
                (turn.id, turn.session_id, turn.user_id, turn.command.request_id, state, self._owner, now, spec),
            )
            record = TurnRecord(turn, state, Lease(turn.id, self._owner, 1))
            return Admission("queued" if waiting else "running", record)

        return await self._database.transact(claim)

    async def find(self, turn_id: str) -> TurnRecord | None:
        """What is known of a turn."""

        def select(connection: sqlite3.Connection) -> Row | None:
            return _one(connection, "turn_id = ?", (turn_id,))

        row = await self._database.query(select)
        return _record(row) if row else None

    async def requested(self, user_id: str, request_id: str) -> TurnRecord | None:
        """The turn of a request that still counts."""

        def select(connection: sqlite3.Connection) -> Row | None:
            return _requested(connection, user_id, request_id)

        row = await self._database.query(select)
        record = _record(row) if row else None
        return record if record and _counts(record, self._clock.now_ms()) else None

    async def active(self, session_id: str) -> Sequence[TurnRecord]:
        """The running turn and those that wait."""

        def select(connection: sqlite3.Connection) -> list[Row]:
            return connection.execute(
                f"SELECT {_COLUMNS} FROM turns WHERE session_id = ? AND {_ACTIVE} ORDER BY id", (session_id,)
            ).fetchall()

        return [_record(row) for row in await self._database.query(select)]

    async def running(self, user_id: str) -> Sequence[TurnRecord]:
        """A user's turns that have not ended."""

        def select(connection: sqlite3.Connection) -> list[Row]:
            return connection.execute(
                f"SELECT {_COLUMNS} FROM turns WHERE user_id = ? AND {_ACTIVE} ORDER BY id", (user_id,)
            ).fetchall()

        return [_record(row) for row in await self._database.query(select)]

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """No other process can take a lease here."""
        del leases
        return ()

    async def release(self, lease: Lease, state: TurnState) -> None:
        """End a turn and let the next one start."""
        now = self._clock.now_ms()

        def end(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "UPDATE turns SET state = ?, ended_at = ? WHERE turn_id = ? AND owner = ? AND fence = ?"
                f" AND {_ACTIVE} RETURNING session_id",
                (state, now, lease.turn_id, lease.owner, lease.fence),
            ).fetchone()
            return _promote(connection, row[0]) if row else None

        following = await self._database.transact(end)
        if following is not None:
            self._signals.give(Signal(following, "start"))

    async def abandon(self, lease: Lease) -> None:
        """Give a turn up unfinished."""

        def disown(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE turns SET owner = '' WHERE turn_id = ? AND owner = ? AND fence = ?",
                (lease.turn_id, lease.owner, lease.fence),
            )

        await self._database.transact(disown)

    async def orphans(self) -> Sequence[TurnRecord]:
        """Unfinished turns of processes that are gone."""

        def select(connection: sqlite3.Connection) -> list[Row]:
            return connection.execute(
                f"SELECT {_COLUMNS} FROM turns WHERE {_ACTIVE} AND owner <> ? ORDER BY id", (self._owner,)
            ).fetchall()

        return [_record(row) for row in await self._database.query(select)]

    async def take_over(self, turn_id: str) -> Lease | None:
        """Claim an orphan with the next fencing number."""

        def claim(connection: sqlite3.Connection) -> int | None:
            row = connection.execute(
                f"UPDATE turns SET owner = ?, fence = fence + 1 WHERE turn_id = ? AND owner <> ? AND {_ACTIVE}"
                " RETURNING fence",
                (self._owner, turn_id, self._owner),
            ).fetchone()
            return row[0] if row else None

        fence = await self._database.transact(claim)
        return Lease(turn_id, self._owner, fence) if fence is not None else None

    async def signal(self, signal: Signal) -> None:
        """Pass a signal on."""
        self._signals.give(signal)

    async def listen(self, sink: Callable[[Signal], None]) -> Subscription:
        """Begin to listen."""
        return self._signals.add(sink)

    async def announce(self, turn: Turn) -> None:
        """Tell those who watch the turn's user."""
        self._announcements.give(turn)

    async def watch(self, user_id: str, sink: Callable[[Turn], None]) -> Subscription:
        """Begin to tell of a user's new turns."""
        return self._announcements.add(user_id, sink)

    async def close(self) -> None:
        """The database is closed by whoever opened it."""


def _one(connection: sqlite3.Connection, where: str, values: tuple[object, ...]) -> Row | None:
    row: Row | None = connection.execute(f"SELECT {_COLUMNS} FROM turns WHERE {where}", values).fetchone()
    return row


def _record(row: Row) -> TurnRecord:
    turn, state, turn_id, owner, fence = row
    return TurnRecord(msgspec.json.decode(turn, type=Turn), state, Lease(turn_id, owner, fence))


def _same_request(connection: sqlite3.Connection, turn: Turn, now: int) -> TurnRecord | None:
    """The turn that this request started before; a request id that is too old is free again."""
    if turn.command.request_id is None:
        return None
    row = _requested(connection, turn.user_id, turn.command.request_id)
    if row is None:
        return None
    record = _record(row)
    if _counts(record, now):
        return record
    connection.execute("UPDATE turns SET request_id = NULL WHERE turn_id = ?", (record.turn.id,))
    return None


def _requested(connection: sqlite3.Connection, user_id: str, request_id: str) -> Row | None:
    return _one(connection, "user_id = ? AND request_id = ?", (user_id, request_id))


def _counts(record: TurnRecord, now: int) -> bool:
    """Whether the request that started a turn still stands for it."""
    return now - record.turn.created_at < IDEMPOTENCY_MS


def _promote(connection: sqlite3.Connection, session_id: str) -> str | None:
    """Make the session's next queued turn the running one, if none runs; returns its id."""
    row = connection.execute(
        f"SELECT id, turn_id, state FROM turns WHERE session_id = ? AND {_ACTIVE} ORDER BY id LIMIT 1", (session_id,)
    ).fetchone()
    if row is None or row[2] == "running":
        return None
    connection.execute("UPDATE turns SET state = 'running' WHERE id = ?", (row[0],))
    turn_id: str = row[1]
    return turn_id
