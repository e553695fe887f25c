"""The registry in Redis, shared by all processes. Each verb is one call of one script (`redis_registry.lua`).

Leases end by the clock of Redis, which is the same for everybody. A process that does not renew one for `lease_s`
loses it to whoever asks first.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from millrace.logs.memory_registry import IDEMPOTENCY_MS
from millrace.logs.redis import RedisLog
from millrace.logs.redis_feed import RedisFeed
from millrace.logs.redis_lifetimes import RedisLifetimes
from millrace.logs.redis_link import Argument, RedisLink
from millrace.logs.redis_names import RedisNames
from millrace.logs.redis_times import RedisTimes, milliseconds
from millrace.logs.signals import Announcements, SignalSinks
from millrace.model.commands import StartTurn
from millrace.model.errors import LogUnavailable, TurnInProgress
from millrace.model.events import CancelCause
from millrace.model.messages import Turn, TurnState
from millrace.model.turns import Admission, Lease, Signal, TurnRecord
from millrace.ports import Clock, Subscription

_logger = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode
_turn = msgspec.json.Decoder(Turn).decode
_signal = msgspec.json.Decoder(Signal).decode
_LEASES_AT_ONCE = 1000
"""Lua takes some thousand values at a time."""
_Record = tuple[bytes, bytes, bytes, bytes, int, int]


class RedisRegistry:
    """Implements the `TurnRegistry` port. `start` it first.

    Of a turn that ended only its ids are remembered, for 24 hours if it was started by a `request_id`: its words are
    in the store.

    Args:
        link: The connections.
        names: What keys and channels are called.
        feed: What hears other processes.
        clock: The time of requests and ends.
        owner: This process.
        times: How long what is in Redis lives.
        lifetimes: What keeps the logs.
        log: Whose writers lose their leases with the registry's.
    """

    def __init__(
        self,
        link: RedisLink,
        names: RedisNames,
        feed: RedisFeed,
        clock: Clock,
        owner: str,
        *,
        times: RedisTimes,
        lifetimes: RedisLifetimes,
        log: RedisLog,
    ) -> None:
        self._link = link
        self._names = names
        self._feed = feed
        self._clock = clock
        self._owner = owner
        self._times = times
        self._lifetimes = lifetimes
        self._log = log
        self._script = link.script("redis_registry")
        self._signals = SignalSinks()
        self._announcements = Announcements()
        self._waiting: set[str] = set()
        self._unreachable = False
        self._patient_until = 0.0

    async def start(self) -> None:
        """Begin to hear what others say to this process.

        Raises:
            LogUnavailable: Redis does not answer.
        """
        await self._feed.add(self._names.owner_channel + self._owner, lambda said: self._signals.give(_signal(said)))
        await self._feed.add(
            self._names.orphans_channel, lambda turn_id: self._signals.give(Signal(turn_id.decode(), "adopt"))
        )

    async def admit(self, turn: Turn, *, queue_limit: int) -> Admission:
        """Claim the session for a turn."""
        times, request_id = self._times, turn.command.request_id
        outcome, *rest = await self._verb(
            "admit",
            turn.id,
            _encode(turn),
            _remembered(turn),
            turn.session_id,
            turn.user_id,
            self._owner,
            queue_limit,
            milliseconds(times.lease_s),
            milliseconds(times.running_s),
            _request(turn.user_id, request_id) if request_id else "",
            self._clock.now_ms(),
            IDEMPOTENCY_MS,
        )
        if outcome == b"busy":
            raise TurnInProgress
        if outcome == b"duplicate":
            return Admission("duplicate", _record(rest[0]))
        lease = Lease(turn.id, self._owner, 1)
        if outcome == b"running":
            return Admission("running", TurnRecord(turn, "running", lease))
        self._waiting.add(turn.id)
        return Admission("queued", TurnRecord(turn, "queued", lease))

    async def find(self, turn_id: str) -> TurnRecord | None:
        """What is known of a turn."""
        found = await self._verb("find", turn_id)
        return _record(found) if found else None

    async def requested(self, user_id: str, request_id: str) -> TurnRecord | None:
        """The turn of a request that still counts."""
        found = await self._verb("requested", _request(user_id, request_id), self._clock.now_ms(), IDEMPOTENCY_MS)
        return _record(found) if found else None

    async def active(self, session_id: str) -> Sequence[TurnRecord]:
        """The running turn and those that wait."""
        return [_record(found) for found in await self._verb("active", session_id)]

    async def running(self, user_id: str) -> Sequence[TurnRecord]:
        """A user's turns that have not ended."""
        return [_record(found) for found in await self._verb("running", user_id)]

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Prolong leases, all in one call; gives what was said to their turns while nobody heard it."""
        times = self._times
        states: list[tuple[bytes, bytes]] = []
        for at in range(0, len(leases), _LEASES_AT_ONCE):
            some = leases[at : at + _LEASES_AT_ONCE]
            named = [word for lease in some for word in (lease.turn_id, lease.owner, lease.fence)]
            states += await self._verb("renew", milliseconds(times.lease_s), milliseconds(times.running_s), *named)
        if self._unreachable:
            # Nobody could renew anything: let everybody do so before their turns count as given up.
            self._unreachable = False
            self._patient_until = self._clock.monotonic() + times.lease_s
        lost = []
        for lease, (state, cause) in zip(leases, states, strict=True):
            if state == b"lost":
                lost.append(lease)
                self._lifetimes.let_go(lease.turn_id)
                self._log.lose(lease)
                continue
            if state != b"queued" and lease.turn_id in self._waiting:
                self._start(lease.turn_id)
            if cause:
                self._signals.give(Signal(lease.turn_id, "cancel", msgspec.convert(cause.decode(), CancelCause)))
        return lost

    async def release(self, lease: Lease, state: TurnState) -> None:
        """End a turn and let the next one start."""
        self._waiting.discard(lease.turn_id)
        released = await self._verb(
            "release",
            lease.turn_id,
            lease.owner,
            lease.fence,
            state,
            self._clock.now_ms(),
            milliseconds(self._times.ended_s),
            self._names.owner_channel,
        )
        if released is None:
            return
        await self._lifetimes.fade(lease.turn_id, completed=state == "completed")
        _, *following = released
        if following and following[1] == self._owner.encode():
            self._start(following[0].decode())

    async def abandon(self, lease: Lease) -> None:
        """Give a turn up unfinished, and tell all other processes."""
        self._waiting.discard(lease.turn_id)
        self._lifetimes.let_go(lease.turn_id)
        await self._verb("abandon", lease.turn_id, lease.owner, lease.fence, self._names.orphans_channel)

    async def orphans(self) -> Sequence[TurnRecord]:
        """Unfinished turns whose lease is over."""
        if self._clock.monotonic() < self._patient_until:
            return ()
        found: list[_Record] = await self._verb("orphans")
        return [_record(each) for each in sorted(found, key=lambda each: each[5])]

    async def take_over(self, turn_id: str) -> Lease | None:
        """Claim an orphan with the next fencing number, and shut its log to the one before."""
        times = self._times
        running_ms = milliseconds(times.running_s)
        fence = await self._verb("claim", turn_id, self._owner, milliseconds(times.lease_s), running_ms)
        if fence is None:
            return None
        lease = Lease(turn_id, self._owner, fence)
        await self._log.shut(lease)
        self._waiting.add(turn_id)
        return lease

    async def signal(self, signal: Signal) -> None:
        """Send a signal; a stop is kept until its turn's end, too."""
        cause = signal.cause if signal.kind == "cancel" else ""
        owner = await self._verb(
            "signal", signal.turn_id, self._owner, self._names.owner_channel, _encode(signal), cause
        )
        if owner == self._owner.encode():
            self._signals.give(signal)

    async def listen(self, sink: Callable[[Signal], None]) -> Subscription:
        """Begin to listen."""
        return self._signals.add(sink)

    async def announce(self, turn: Turn) -> None:
        """Tell those who watch the turn's user. The turn runs, whether they hear of it or not."""
        try:
            await self._link.command("PUBLISH", self._names.user_channel(turn.user_id), _encode(turn))
        except LogUnavailable as error:
            _logger.warning("turn %s was not announced: %s", turn.id, error.detail)

    async def watch(self, user_id: str, sink: Callable[[Turn], None]) -> Subscription:
        """Begin to tell of a user's new turns."""
        watching = _Watching(self, user_id, self._announcements.add(user_id, sink))
        try:
            await self._feed.add(self._names.user_channel(user_id), lambda said: self._announcements.give(_turn(said)))
        except BaseException:
            watching.close()
            raise
        return watching

    def unwatched(self, user_id: str) -> None:
        """Somebody watches a user no longer."""
        if user_id not in self._announcements.sinks:
            self._feed.drop(self._names.user_channel(user_id))

    async def close(self) -> None:
        """The link is closed by whoever opened it."""

    def _start(self, turn_id: str) -> None:
        self._waiting.discard(turn_id)
        self._signals.give(Signal(turn_id, "start"))

    async def _verb(self, verb: str, *arguments: Argument) -> Any:
        try:
            return await self._link.run(self._script, (self._names.registry,), (verb, *arguments))
        except LogUnavailable:
            self._unreachable = True
            raise


class _Watching:
    """One who watches a user."""

    __slots__ = ("_inner", "_registry", "_user_id")

    def __init__(self, registry: RedisRegistry, user_id: str, inner: Subscription) -> None:
        self._registry = registry
        self._user_id = user_id
        self._inner = inner

    def close(self) -> None:
        """Tell nothing more."""
        self._inner.close()
        self._registry.unwatched(self._user_id)


def _request(user_id: str, request_id: str) -> str:
    """One name for both, whatever characters they have."""
    return f"{len(user_id)}:{user_id}:{request_id}"


def _record(found: _Record) -> TurnRecord:
    turn_id, spec, state, owner, fence, _ = found
    lease = Lease(turn_id.decode(), owner.decode(), fence)
    return TurnRecord(_turn(spec), msgspec.convert(state.decode(), TurnState), lease)


def _remembered(turn: Turn) -> bytes:
    """What is kept of a turn that ended: no words."""
    command = StartTurn(session_id=turn.command.session_id, request_id=turn.command.request_id)
    return _encode(msgspec.structs.replace(turn, command=command))
