"""The log in Redis: seen by all processes, and outlives any of them and its machine.

A turn's log is a stream; what was appended to it in one tick is one entry of the stream. Appending never waits. What
was appended in a tick, to all turns of this process, is one call of one script, which appends where the writer's fence
still holds and says so to whoever follows elsewhere (`redis_append.lua`); followers get entries only once that is
accepted. In a cluster it is one call per turn, sent together.

While Redis is out of reach, entries wait in memory. The script knows the position of each log, so an append whose
answer got lost is sent again without harm, and what a new master has lost is sent to it again. After `outage_s` the
writers fail, which ends their turns; what they had written, the end included, is still brought to the log when Redis
is back.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from millrace.logs.redis_feed import RedisFeed
from millrace.logs.redis_lifetimes import RedisLifetimes
from millrace.logs.redis_link import RedisLink
from millrace.logs.redis_names import RedisNames
from millrace.logs.redis_reader import RedisReader, decoded, lost_log
from millrace.logs.redis_times import RedisTimes, milliseconds
from millrace.logs.redis_writer import RedisWriter
from millrace.logs.tail import Tail, Tails
from millrace.model.errors import LeaseLost, LogUnavailable, MillraceError, StreamError
from millrace.model.events import Entry
from millrace.model.turns import Lease
from millrace.ports import Clock, EntrySink, FailureSink, Subscription

_logger = logging.getLogger(__name__)

TICK_S = 0.005
_MAX_PENDING = 200_000
_MOST_AT_ONCE = 5_000
"""Entries of one turn in one call: after an outage there may be many."""
_FIRST_RETRY_S, _LAST_RETRY_S = 0.05, 0.5
_LOST, _GONE = -1, -2  # the answers of redis_append.lua
_CLOSE_S = 2.0
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is sent for one turn: entries from `first` up to, but not with, `following`."""

    writer: RedisWriter
    first: int
    following: int
    entries: bytes


class RedisLog:
    """Implements the `TurnLog` port. `start` it first.

    Args:
        link: The connections.
        names: What keys and channels are called.
        feed: What hears other processes.
        clock: The times of entries.
        times: How long what is in Redis lives.
        lifetimes: What keeps the logs.
        tick_s: The least time between two calls, in seconds.
    """

    def __init__(
        self,
        link: RedisLink,
        names: RedisNames,
        feed: RedisFeed,
        clock: Clock,
        *,
        times: RedisTimes,
        lifetimes: RedisLifetimes,
        tick_s: float = TICK_S,
    ) -> None:
        self.clock = clock
        self._link = link
        self._names = names
        self._times = times
        self._lifetimes = lifetimes
        self._tick_s = tick_s
        self._append = link.script("redis_append")
        self._fence = link.script("redis_fence")
        self._registry = link.script("redis_registry")
        self._tails = Tails()
        self._reader = RedisReader(link, names, feed, self._tails, check_s=times.lease_s)
        self._writers: dict[str, RedisWriter] = {}
        self._opening: dict[str, asyncio.Future[None]] = {}
        self._dirty: dict[RedisWriter, None] = {}
        self._pending_count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._last_sent = 0.0
        self._down_since: float | None = None
        self._tries = 0

    def start(self) -> None:
        """Begin to look after what is followed here."""
        self._reader.start()

    # --- writing ------------------------------------------------------------------------------------

    async def open(self, lease: Lease) -> RedisWriter:
        """Start or go on with a turn's log."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._opening[lease.turn_id] = opened
        try:
            entries = await self.shut(lease)
            writer = RedisWriter(self, lease, entries)
            if not writer.sealed:
                self._writers[lease.turn_id] = writer
                self._reader.leave(lease.turn_id)
            self._tails.give(lease.turn_id, entries)
            return writer
        finally:
            if self._opening.get(lease.turn_id) is opened:
                del self._opening[lease.turn_id]
            opened.set_result(None)

    async def shut(self, lease: Lease) -> list[Entry]:
        """Let nobody with a lower fence append any more; the entries so far.

        Raises:
            LeaseLost: A newer lease exists.
            StreamError: Redis does not answer, or has lost entries.
        """
        keys = self._names_of(lease.turn_id)
        arguments = (lease.fence, milliseconds(self._times.running_s))
        following, *batches = await self._link.run(self._fence, keys, arguments)
        if following == _LOST:
            raise LeaseLost
        entries = decoded(batches)
        if following != len(entries):
            raise lost_log()
        self._lifetimes.keep(lease.turn_id)
        return entries

    def enqueue(self, writer: RedisWriter, count: int) -> None:
        """Put a writer's `count` new entries into the next call.

        Raises:
            StreamError: Too many wait already, or Redis has been out of reach for too long.
        """
        if self._gave_up():
            raise outage()
        if self._pending_count + count > _MAX_PENDING:
            raise StreamError("The server cannot store answers fast enough. Try again in a moment.", retry_after=5)
        self.enqueue_last(writer, count)

    def enqueue_last(self, writer: RedisWriter, count: int) -> None:
        """Put a writer's `count` new entries into the next call, however much waits."""
        self._pending_count += count
        self._dirty[writer] = None
        if self._sending is None and self._timer is None:
            self._schedule()

    def settled(self) -> "asyncio.Future[None]":
        """Done after the next call, whatever became of it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def lose(self, lease: Lease) -> None:
        """Another process owns a turn now: its writer here fails, and followers here follow that process."""
        writer = self._writers.get(lease.turn_id)
        if writer is not None and writer.lease == lease:
            self._refuse([writer], LeaseLost())

    def _names_of(self, turn_id: str) -> tuple[str, str]:
        return self._names.head(turn_id), self._names.log(turn_id)

    # --- sending ------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        due = self._last_sent + (self._tick_s if self._down_since is None else self._retry_s())
        self._timer = loop.call_at(max(due, loop.time()), self._send)

    def _retry_s(self) -> float:
        return float(min(_LAST_RETRY_S, _FIRST_RETRY_S * 2 ** min(self._tries, 10)))

    def _send(self) -> None:
        self._timer = None
        self._last_sent = asyncio.get_running_loop().time()
        batches = [self._batch(writer) for writer in self._dirty]
        self._dirty = {}
        self._sending = asyncio.create_task(self._deliver(batches))
        self._sending.add_done_callback(lambda done: self._delivered(batches, done))

    def _batch(self, writer: RedisWriter) -> _Batch:
        following = min(len(writer.entries), writer.position + _MOST_AT_ONCE)
        return _Batch(writer, writer.position, following, _encode(writer.entries[writer.position : following]))

    async def _deliver(self, batches: Sequence[_Batch]) -> None:
        try:
            positions = await self._call(batches)
        except LogUnavailable as error:
            self._failed(batches, error)
            return
        if self._down_since is not None:
            _logger.info("Redis answers again")
            self._down_since, self._tries = None, 0
        for batch, position in zip(batches, positions, strict=True):
            self._accept(batch.writer, position, len(batch.entries))

    async def _call(self, batches: Sequence[_Batch]) -> list[int]:
        """One round trip for all turns: one call, or in a cluster one call per turn."""
        if self._link.spread:
            calls = [(self._names_of(batch.writer.lease.turn_id), self._arguments(batch)) for batch in batches]
            return [reply for (reply,) in await self._link.run_each(self._append, calls)]
        keys = [key for batch in batches for key in self._names_of(batch.writer.lease.turn_id)]
        arguments = [argument for batch in batches for argument in self._arguments(batch)]
        positions: list[int] = await self._link.run(self._append, keys, arguments)
        return positions

    def _arguments(self, batch: _Batch) -> tuple[int, int, int, bytes, str]:
        writer = batch.writer
        return (
            writer.lease.fence,
            batch.first,
            batch.following,
            batch.entries,
            self._names.turn_channel(writer.lease.turn_id),
        )

    def _accept(self, writer: RedisWriter, position: int, size: int) -> None:
        if position == _LOST:
            self._refuse([writer], LeaseLost())
        elif position == _GONE or position > len(writer.entries):
            self._refuse([writer], lost_log())
        elif not writer.dead:
            accepted, writer.position = writer.accepted, position
            if position > accepted:
                writer.accepted = position
                writer.size += size
                self._pending_count -= position - accepted
                self._tails.give(writer.lease.turn_id, writer.entries[accepted:position])
            if position < len(writer.entries):
                self._dirty[writer] = None
            elif writer.sealed:
                self._forget(writer)

    def _failed(self, batches: Iterable[_Batch], error: LogUnavailable) -> None:
        """Try again, and after `outage_s` tell the writers; after `running_s` nobody else remembers the turns."""
        now = asyncio.get_running_loop().time()
        self._tries += 1
        if self._down_since is None:
            self._down_since = now
            _logger.warning("Redis takes no entries: %s", error.detail)
        for batch in batches:
            if not batch.writer.dead:
                self._dirty[batch.writer] = None
        if now - self._down_since > self._times.running_s:
            self._refuse(tuple(self._dirty), outage())
        elif self._gave_up():
            for writer in self._dirty:
                writer.failure = writer.failure or outage()

    def _gave_up(self) -> bool:
        down_since = self._down_since
        return down_since is not None and asyncio.get_running_loop().time() - down_since >= self._times.outage_s

    def _delivered(self, batches: Iterable[_Batch], done: "asyncio.Task[None]") -> None:
        self._sending = None
        if not done.cancelled() and (fault := done.exception()) is not None:
            # A fault of ours: the turns end with it, instead of waiting for ever.
            _logger.error("entries could not be sent", exc_info=fault)
            self._refuse([batch.writer for batch in batches], StreamError(detail=repr(fault)))
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if self._dirty and self._timer is None and not done.cancelled():
            self._schedule()

    def _refuse(self, writers: Iterable[RedisWriter], error: MillraceError) -> None:
        """Nothing of these writers may come later: an entry behind a lost one would leave a gap."""
        for writer in writers:
            if writer.dead:
                continue
            writer.dead = True
            writer.failure = error
            self._pending_count -= len(writer.entries) - writer.accepted
            self._dirty.pop(writer, None)
            self._forget(writer)
            if isinstance(error, LeaseLost):
                self._reader.take_up(writer.lease.turn_id, writer.accepted - 1)
            else:
                self._tails.fail(writer.lease.turn_id, error)

    def _forget(self, writer: RedisWriter) -> None:
        if self._writers.get(writer.lease.turn_id) is writer:
            del self._writers[writer.lease.turn_id]

    # --- reading ------------------------------------------------------------------------------------

    async def read(self, turn_id: str, after: int = -1) -> Sequence[Entry]:
        """The entries over `after`."""
        return await self._reader.read(turn_id, after)

    async def follow(
        self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> Subscription:
        """Give `sink` what is there and then what comes."""
        tail = self._tails.add(turn_id, after, sink, broken)
        following = _Following(self, tail)
        try:
            await self._catch_up(tail)
        except BaseException:
            following.close()
            raise
        return following

    async def _catch_up(self, tail: Tail) -> None:
        opening = self._opening.get(tail.turn_id)
        if opening is not None:
            await asyncio.shield(opening)
        writer = self._writers.get(tail.turn_id)
        if writer is not None:
            tail.give(writer.entries[tail.after + 1 : writer.accepted])
            return
        tail.hold()
        await self._reader.follow(tail.turn_id)
        backlog = await self._reader.read(tail.turn_id, tail.after)
        self._reader.caught_up(tail.turn_id, backlog, tail.after)
        tail.release(backlog)

    def left(self, turn_id: str) -> None:
        """A follower of a turn is gone."""
        if turn_id not in self._tails:
            self._reader.leave(turn_id)

    async def followed_elsewhere(self, turn_id: str) -> bool:
        """Whether anybody hears the turn's channel; the process that writes it does not."""
        # Not a command with a subcommand but one word, by which a cluster's client knows to ask all nodes.
        ((_, processes),) = await self._link.command("PUBSUB NUMSUB", self._names.turn_channel(turn_id))
        return int(processes) > 0

    async def prune(self, ended_before_ms: int) -> int:
        """Forget ended turns before they expire."""
        pruned = 0
        while ended := await self._link.run(self._registry, (self._names.registry,), ("forget", ended_before_ms)):
            await self._unlink([turn_id.decode() for turn_id in ended])
            pruned += len(ended)
        return pruned

    async def forget(self, turn_id: str) -> None:
        """Forget a turn that ended."""
        if await self._link.run(self._registry, (self._names.registry,), ("drop", turn_id)):
            await self._unlink([turn_id])

    async def _unlink(self, turn_ids: Sequence[str]) -> None:
        await self._link.commands([("UNLINK", *self._names_of(each)) for each in turn_ids])

    async def close(self) -> None:
        """Send what is pending, if Redis answers."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _CLOSE_S
        while (self._dirty or self._sending is not None) and loop.time() < end and self._down_since is None:
            await self.settled()
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        await self._reader.close()


class _Following:
    """One follower's place at the log."""

    __slots__ = ("_log", "_tail")

    def __init__(self, log: RedisLog, tail: Tail) -> None:
        self._log = log
        self._tail = tail

    def close(self) -> None:
        """Deliver nothing more."""
        self._tail.close()
        self._log.left(self._tail.turn_id)


def outage() -> LogUnavailable:
    """What to tell people whose answer ends because Redis is out of reach."""
    return LogUnavailable(
        "The server cannot write answers down just now, so this one ended here. Try again in a moment.", retry_after=5
    )
