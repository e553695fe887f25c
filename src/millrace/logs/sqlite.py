"""The log in a SQLite file: survives the death of the process without any service beside it.

Appending never waits. What was appended since the last commit is committed together, at most every `tick_s`
seconds while there is traffic and at once where there is none; followers get entries only after the commit.

A commit adds one row to the journal, `batches`, whatever the number of turns in it: rows per entry would touch a
page per turn, and a commit costs what it writes in pages. With its terminal entry a turn is copied whole into
`archives`; batches that no unfinished turn needs any more are thrown away. So reading an ended turn is one row, and
reading an unfinished one, which only recovery and late followers do, scans the journal since it began.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence

from millrace.logs.memory_registry import IDEMPOTENCY_MS
from millrace.logs.sqlite_database import LogDatabase, storage_failure
from millrace.logs.sqlite_journal import Journal, Placed
from millrace.logs.tail import Tails
from millrace.model.errors import LeaseLost, MillraceError, StreamError
from millrace.model.events import AnyEvent, Entry, TerminalEvent, is_terminal
from millrace.model.turns import Lease
from millrace.ports import Clock, EntrySink, FailureSink, Subscription

_logger = logging.getLogger(__name__)

TICK_S = 0.005
_RETRY_S = 0.5
"""Seconds until a file that took nothing is tried again."""
_MAX_PENDING = 200_000


class SqliteWriter:
    """Appends to one turn's log. After a refusal or a fault every further append fails with the same error.

    Attributes:
        dead: Whether nothing of it may come into the file any more. A writer that failed because the file took nothing
            is not dead: it takes the turn's end and brings it when there is room again.
    """

    __slots__ = ("_log", "accepted", "dead", "entries", "failure", "key", "lease", "sealed")

    def __init__(self, log: "SqliteLog", lease: Lease, key: int, entries: list[Entry]) -> None:
        self._log = log
        self.lease = lease
        self.key = key
        self.entries = entries
        self.accepted = len(entries)
        self.sealed = bool(entries) and is_terminal(entries[-1].event)
        self.dead = False
        self.failure: MillraceError | None = None

    @property
    def next_seq(self) -> int:
        """The `seq` that the next event gets."""
        return len(self.entries)

    def append(self, *events: AnyEvent) -> int:
        """Append without waiting."""
        if self.failure is not None:
            raise self.failure
        if self.sealed:
            raise StreamError(detail="the log is sealed")
        self._log.check_room()
        return self._add(*events)

    async def flush(self) -> None:
        """Wait until all that was appended is in the file."""
        while self.failure is None and self.accepted < len(self.entries):
            await self._log.committed()
        if self.failure is not None:
            raise self.failure

    async def seal(self, event: TerminalEvent) -> int:
        """Append the terminal event and wait until it is in the file."""
        if self.sealed:
            raise StreamError(detail="the log is sealed")
        if not self.dead:
            # Whatever waits: without its end the log would be of no use to anybody.
            self._add(event)
            self.sealed = True
        await self.flush()
        return len(self.entries) - 1

    async def delivered(self) -> None:
        """Wait until the file takes writes again and has the end."""
        while not self.dead and self.accepted < len(self.entries):
            await self._log.committed()
        if self.dead and self.failure is not None:
            raise self.failure

    def _add(self, *events: AnyEvent) -> int:
        now_ms = self._log.clock.now_ms()
        new = [Entry(seq, now_ms, event) for seq, event in enumerate(events, len(self.entries))]
        self._log.enqueue(self, new)
        self.entries += new
        return len(self.entries) - 1


class SqliteLog:
    """Implements the `TurnLog` port. `tick_s` is the least time between two commits."""

    def __init__(self, database: LogDatabase, clock: Clock, *, tick_s: float = TICK_S) -> None:
        self.clock = clock
        self._database = database
        self._journal = Journal()
        self._tick_s = tick_s
        self._tails = Tails()
        self._writers: dict[str, SqliteWriter] = {}
        self._pending: dict[SqliteWriter, list[Entry]] = {}
        self._pending_count = 0
        self._committing: asyncio.Future[list[int]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._last_commit = 0.0
        self._trouble: MillraceError | None = None

    async def open(self, lease: Lease) -> SqliteWriter:
        """Start or go on with a turn's log."""
        key, entries = await self._database.transact(lambda connection: self._journal.begin(connection, lease))
        writer = SqliteWriter(self, lease, key, entries)
        if not writer.sealed:
            self._writers[lease.turn_id] = writer
        return writer

    def check(self) -> None:
        """Return if the file took what it was given last.

        Raises:
            StreamError: It did not; what waits is tried again and again.
        """
        if self._trouble is not None:
            raise self._trouble

    def check_room(self) -> None:
        """Return if entries may wait for the next commit.

        Raises:
            StreamError: Too many wait already.
        """
        if self._pending_count >= _MAX_PENDING:
            raise StreamError("The server cannot store answers fast enough. Try again in a moment.", retry_after=5)

    def enqueue(self, writer: SqliteWriter, entries: list[Entry]) -> None:
        """Put entries into the next commit, however much waits."""
        self._pending_count += len(entries)
        waiting = self._pending.get(writer)
        if waiting is None:
            self._pending[writer] = entries
        else:
            waiting += entries
        if self._committing is None and self._timer is None:
            self._schedule()

    def committed(self) -> "asyncio.Future[None]":
        """Done after the next commit, whatever became of it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        due = self._last_commit + (self._tick_s if self._trouble is None else _RETRY_S)
        self._timer = loop.call_at(max(due, loop.time()), self._commit)

    def _commit(self) -> None:
        self._timer = None
        pending, self._pending, self._pending_count = self._pending, {}, 0
        self._last_commit = asyncio.get_running_loop().time()
        placed = [
            Placed(writer.key, writer.lease.fence, entries, writer.entries if is_terminal(entries[-1].event) else None)
            for writer, entries in pending.items()
        ]
        try:
            self._committing = self._database.write(lambda connection: self._journal.write(connection, placed))
        except StreamError as error:
            self._refuse(pending, error)
            self._settle()
            return
        self._committing.add_done_callback(lambda done: self._accepted(pending, done))

    def _accepted(self, batch: dict[SqliteWriter, list[Entry]], done: "asyncio.Future[list[int]]") -> None:
        self._committing = None
        error = done.exception()
        if isinstance(error, sqlite3.OperationalError):
            self._put_back(batch, storage_failure(error))
        elif error is not None:
            self._refuse(batch, storage_failure(error))
        else:
            self._recovered()
            lost = done.result()
            if lost:
                self._refuse([writer for writer in batch if writer.key in lost], LeaseLost())
            for writer, entries in batch.items():
                if writer.key not in lost:
                    self._give(writer, entries)
        self._settle()

    def _give(self, writer: SqliteWriter, entries: list[Entry]) -> None:
        writer.accepted = entries[-1].seq + 1
        if writer.sealed:
            self._writers.pop(writer.lease.turn_id, None)
        self._tails.give(writer.lease.turn_id, entries)

    def _settle(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._pending and self._committing is None and self._timer is None:
            self._schedule()

    def _recovered(self) -> None:
        if self._trouble is not None:
            self._trouble = None
            _logger.info("the log file takes entries again")

    def _put_back(self, batch: dict[SqliteWriter, list[Entry]], error: MillraceError) -> None:
        """The file is full or locked: the turns end, and their entries wait for better times, the end behind them."""
        if self._trouble is None:
            _logger.error("the log file takes no entries: %s", error.detail)
        self._trouble = error
        for writer, entries in batch.items():
            writer.failure = writer.failure or error
            self._pending[writer] = entries + self._pending.get(writer, [])
            self._pending_count += len(entries)

    def _refuse(self, writers: Iterable[SqliteWriter], error: MillraceError) -> None:
        """Nothing of these writers may come later: an entry behind a lost one would leave a gap."""
        for writer in writers:
            writer.dead = True
            writer.failure = error
            self._pending_count -= len(self._pending.pop(writer, ()))
            if self._writers.get(writer.lease.turn_id) is writer:
                del self._writers[writer.lease.turn_id]

    async def read(self, turn_id: str, after: int = -1) -> Sequence[Entry]:
        """The entries over `after`."""
        entries = await self._database.query(lambda connection: self._journal.read(connection, turn_id))
        return entries[after + 1 :]

    async def follow(
        self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> Subscription:
        """Give `sink` what is there and then what comes."""
        tail = self._tails.add(turn_id, after, sink, broken)
        writer = self._writers.get(turn_id)
        if writer is not None:
            tail.give(writer.entries[after + 1 : writer.accepted])
            return tail
        tail.hold()
        try:
            backlog = await self.read(turn_id, after)
        except BaseException:
            tail.close()
            raise
        tail.release(backlog)
        return tail

    async def followed_elsewhere(self, turn_id: str) -> bool:
        """There is no other process."""
        del turn_id
        return False

    async def prune(self, ended_before_ms: int) -> int:
        """Forget the entries of turns that ended before that time; the turns too, once their request id is free."""
        forgotten_ms = self.clock.now_ms() - IDEMPOTENCY_MS
        pruned = 0
        while count := await self._database.transact(
            lambda connection: self._journal.prune(connection, ended_before_ms, forgotten_ms)
        ):
            pruned += count
        return pruned

    async def forget(self, turn_id: str) -> None:
        """Forget a turn that ended; its archive goes with it."""
        await self._database.transact(lambda connection: self._journal.forget(connection, turn_id))

    async def close(self) -> None:
        """Commit what is pending, if the file takes it."""
        while (self._pending or self._committing is not None) and self._trouble is None:
            await self.committed()
        if self._committing is not None:
            await asyncio.wait((self._committing,))
        if self._timer is not None:
            self._timer.cancel()
