"""This process's hot turns: their entries in memory once, and the followers that read them.

The log hands accepted entries to the hot turn; each follower is a cursor into them. A follower that is slow
holds nothing but its position.
"""

import asyncio
from collections.abc import Callable, Sequence

from millrace.model.errors import MillraceError
from millrace.model.events import TERMINAL_EVENTS, AnyEvent, Entry
from millrace.ports import Clock, Subscription, TurnLog
from millrace.stream.delivery import Batch, Delivery, DeliveryOptions
from millrace.stream.frames import FrameCache, Renderer


class HotTurn:
    """The entries of one turn, from 0, in this process."""

    __slots__ = (
        "_caches",
        "concluded",
        "entries",
        "failure",
        "followers",
        "held",
        "opening",
        "sealed",
        "subscription",
        "turn_id",
    )

    def __init__(self, turn_id: str) -> None:
        self.turn_id = turn_id
        self.entries: list[Entry] = []
        self.sealed = False
        self.failure: MillraceError | None = None
        self.followers: list[Follower] = []  # few, and gone through for each token
        self.held = False
        self.concluded: Callable[[Sequence[Entry]], None] | None = None
        """Told all entries once they are here; set by whoever wrote the last one."""
        self.opening: asyncio.Task[None]
        self.subscription: Subscription | None = None
        self._caches: dict[tuple[str, frozenset[type[AnyEvent]]], FrameCache] = {}

    def receive(self, entries: Sequence[Entry]) -> None:
        """Take accepted entries and wake whoever waits for them."""
        self.entries.extend(entries)
        if type(entries[-1].event) in TERMINAL_EVENTS:
            self.sealed = True
            if self.concluded is not None:
                self.concluded(self.entries)
        for follower in self.followers:
            listener = follower.listener
            if listener is None:
                follower.wake()
            else:
                listener()

    def fail(self, error: MillraceError) -> None:
        """The log can be read no further; followers are told so."""
        self.failure = error
        for follower in self.followers:
            follower.wake()

    def frames(
        self, dialect: str, renderer: Callable[[], Renderer], hidden: frozenset[type[AnyEvent]] = frozenset()
    ) -> FrameCache:
        """The turn's frames in a dialect, shared by all its followers that hide the same events."""
        cache = self._caches.get((dialect, hidden))
        if cache is None:
            cache = self._caches[dialect, hidden] = FrameCache(self.entries, renderer(), hidden)
        return cache


class Follower:
    """A reader of one turn with a cursor."""

    __slots__ = ("_clock", "_hub", "_waiter", "delivery", "hot", "listener")

    def __init__(self, hub: "Hub", hot: HotTurn, delivery: Delivery, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock
        self._waiter: asyncio.Future[None] | None = None
        self.hot = hot
        self.delivery = delivery
        self.listener: Callable[[], None] | None = None
        """Called instead of waking `next`, by a reader that polls."""

    async def next(self) -> Batch:
        """Wait for what comes next.

        Raises:
            MillraceError: The log can be read no further.
        """
        while True:
            batch = self.poll()
            if batch.parts or batch.ended:
                return batch
            await self._wait(batch.wait_ms)

    def poll(self) -> Batch:
        """What comes next, if there is anything now; `listener` is called when it is worth to look again.

        Raises:
            MillraceError: The log can be read no further.
        """
        hot = self.hot
        batch = self.delivery.take(hot.entries, self._clock.now_ms, sealed=hot.sealed)
        if hot.failure is not None and not batch.parts and not batch.ended:
            raise hot.failure
        return batch

    async def _wait(self, wait_ms: int | None) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(wait_ms / 1000, self.wake) if wait_ms is not None else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Look again."""
        if self.listener is not None:
            self.listener()
            return
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def close(self) -> None:
        """Stop following; twice does nothing."""
        self._hub.detach(self)


class Hub:
    """All hot turns of this process.

    Args:
        log: Where entries come from.
        clock: The time of deliveries.
        linger_s: How long an ended turn stays after its last follower left, in seconds.
        watched: Told whenever a turn gets its first follower (true) or loses its last one (false).
    """

    def __init__(self, log: TurnLog, clock: Clock, *, linger_s: float, watched: Callable[[str, bool], None]) -> None:
        self._log = log
        self._clock = clock
        self._linger_s = linger_s
        self._watched = watched
        self._turns: dict[str, HotTurn] = {}

    @property
    def followers(self) -> int:
        """How many followers there are."""
        return sum(len(hot.followers) for hot in self._turns.values())

    def is_watched(self, turn_id: str) -> bool:
        """Whether a turn has followers here."""
        hot = self._turns.get(turn_id)
        return hot is not None and bool(hot.followers)

    def has_ended(self, turn_id: str) -> bool:
        """Whether the end of a turn is known here."""
        hot = self._turns.get(turn_id)
        return hot is not None and hot.sealed

    async def attach(self, turn_id: str, after: int, options: DeliveryOptions) -> Follower:
        """Follow a turn from behind entry `after`."""
        hot = await self._open(turn_id)
        delivery = Delivery(after, live_from=len(hot.entries), options=options)
        follower = Follower(self, hot, delivery, self._clock)
        hot.followers.append(follower)
        if len(hot.followers) == 1:
            self._watched(turn_id, True)
        return follower

    def detach(self, follower: Follower) -> None:
        """Forget a follower."""
        hot = follower.hot
        if follower not in hot.followers:
            return
        hot.followers.remove(follower)
        if not hot.followers:
            self._watched(hot.turn_id, False)
            self._drop_later(hot)

    async def hold(self, turn_id: str) -> None:
        """Keep a turn hot while this process generates it."""
        hot = await self._open(turn_id)
        hot.held = True

    def let_go(self, turn_id: str) -> None:
        """This process generates the turn no longer."""
        hot = self._turns.get(turn_id)
        if hot is not None:
            hot.held = False
            self._drop_later(hot)

    def conclude(self, turn_id: str, tell: Callable[[Sequence[Entry]], None]) -> None:
        """Tell all entries of a turn that this process has ended, once they are here."""
        hot = self._turns.get(turn_id)
        if hot is None:
            return
        if hot.sealed:
            tell(hot.entries)
        else:
            hot.concluded = tell

    def fail(self, turn_id: str, error: MillraceError) -> None:
        """Tell a turn's followers that its log is broken."""
        hot = self._turns.get(turn_id)
        if hot is not None:
            hot.fail(error)

    def close(self) -> None:
        """Follow no log any more."""
        for hot in self._turns.values():
            if hot.subscription is not None:
                hot.subscription.close()
        self._turns.clear()

    async def _open(self, turn_id: str) -> HotTurn:
        hot = self._turns.get(turn_id)
        if hot is None:
            hot = self._turns[turn_id] = HotTurn(turn_id)
            hot.opening = asyncio.create_task(self._follow(hot))
            hot.opening.add_done_callback(_look_at)
        # Whoever waits may be cancelled; the others, and the turn, are not.
        await asyncio.shield(hot.opening)
        return hot

    async def _follow(self, hot: HotTurn) -> None:
        try:
            subscription = await self._log.follow(hot.turn_id, -1, hot.receive, hot.fail)
        except BaseException:
            self._turns.pop(hot.turn_id, None)
            raise
        if self._turns.get(hot.turn_id) is hot:
            hot.subscription = subscription
        else:
            subscription.close()

    def _drop_later(self, hot: HotTurn) -> None:
        if not hot.held and not hot.followers:
            asyncio.get_running_loop().call_later(self._linger_s, self._drop, hot)

    def _drop(self, hot: HotTurn) -> None:
        if hot.held or hot.followers or self._turns.get(hot.turn_id) is not hot:
            return
        del self._turns[hot.turn_id]
        if hot.subscription is not None:
            hot.subscription.close()


def _look_at(opening: "asyncio.Task[None]") -> None:
    """An opening that failed was told to whoever waited; that nobody did is no fault."""
    if not opening.cancelled():
        opening.exception()
