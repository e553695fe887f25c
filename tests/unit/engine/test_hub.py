"""Hot turns: one subscription for many followers, kept while they are needed."""

import asyncio
from collections.abc import Sequence

import pytest

from millrace.engine.hub import Hub
from millrace.model.errors import StreamError
from millrace.model.events import Entry, TextDelta, TurnCancelled, TurnStarted, Usage
from millrace.model.turns import Lease
from millrace.ops.clock import SystemClock
from millrace.ports import EntrySink, FailureSink, Subscription, Writer
from millrace.stream.delivery import DeliveryOptions

START = TurnStarted("t", "s", "m", "u", "p/m")
END = TurnCancelled("user", "", 0, Usage())


class StubLog:
    """A log whose followers the test feeds by hand."""

    def __init__(self) -> None:
        self.sinks: list[EntrySink] = []
        self.closed = 0
        self.failure: Exception | None = None
        self._seq = 0

    async def follow(
        self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> Subscription:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.sinks.append(sink)
        return self

    def close(self) -> None:
        self.closed += 1

    def give(self, *events: object) -> None:
        entries = [Entry(self._seq + i, 0, event) for i, event in enumerate(events)]  # type: ignore[arg-type]  # test shorthand
        self._seq += len(entries)
        for sink in self.sinks:
            sink(entries)

    async def open(self, lease: Lease) -> Writer:
        raise NotImplementedError

    async def read(self, turn_id: str, after: int = -1) -> Sequence[Entry]:
        raise NotImplementedError

    async def prune(self, ended_before_ms: int) -> int:
        raise NotImplementedError


@pytest.fixture
def log() -> StubLog:
    return StubLog()


def hub_of(log: StubLog, linger_s: float = 0.01) -> tuple[Hub, list[tuple[str, bool]]]:
    watched: list[tuple[str, bool]] = []
    return Hub(log, SystemClock(), linger_s=linger_s, watched=lambda *args: watched.append(args)), watched  # type: ignore[arg-type]  # close() is sync here


async def test_many_followers_share_one_subscription(log: StubLog) -> None:
    hub, watched = hub_of(log)
    followers = await asyncio.gather(*(hub.attach("t", -1, DeliveryOptions()) for _ in range(5)))
    assert len(log.sinks) == 1
    log.give(START, TextDelta(0, "a"))
    for follower in followers:
        assert (await follower.next()).parts
    assert hub.followers == 5
    for follower in followers:
        follower.close()
        follower.close()
    assert watched == [("t", True), ("t", False)]


async def test_a_follower_sleeps_until_there_is_news(log: StubLog) -> None:
    hub, _ = hub_of(log)
    follower = await hub.attach("t", -1, DeliveryOptions())
    waiting = asyncio.create_task(follower.next())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    log.give(START, END)
    assert not hub.has_ended("unknown")
    batch = await asyncio.wait_for(waiting, 1)
    assert batch.ended
    assert hub.has_ended("t")


async def test_a_paced_follower_wakes_by_itself(log: StubLog) -> None:
    hub, _ = hub_of(log)
    follower = await hub.attach("t", -1, DeliveryOptions(pace_ms=5))
    log.give(START, TextDelta(0, "a"), TextDelta(1, "b"))
    assert len((await follower.next()).parts) == 2
    assert len((await asyncio.wait_for(follower.next(), 1)).parts) == 1


async def test_an_ended_turn_is_dropped_once_nobody_needs_it(log: StubLog) -> None:
    hub, _ = hub_of(log)
    await hub.hold("t")
    follower = await hub.attach("t", -1, DeliveryOptions())
    log.give(START, END)
    follower.close()
    await asyncio.sleep(0.03)
    assert log.closed == 0, "it is being generated"
    hub.let_go("t")
    async with asyncio.timeout(1):
        while log.closed == 0:
            await asyncio.sleep(0.005)
    await hub.attach("t", -1, DeliveryOptions())
    assert len(log.sinks) == 2


async def test_a_log_that_cannot_be_opened_is_told_to_all_and_tried_again(log: StubLog) -> None:
    hub, _ = hub_of(log)
    log.failure = StreamError()
    results = await asyncio.gather(*(hub.attach("t", -1, DeliveryOptions()) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [StreamError] * 3
    log.failure = None
    await hub.attach("t", -1, DeliveryOptions())


async def test_a_broken_log_is_told_after_what_was_accepted(log: StubLog) -> None:
    hub, _ = hub_of(log)
    follower = await hub.attach("t", -1, DeliveryOptions())
    log.give(START)
    hub.fail("t", StreamError("broken"))
    assert (await follower.next()).parts
    with pytest.raises(StreamError, match="broken"):
        await follower.next()
    hub.close()
    assert log.closed == 1


async def test_who_wrote_the_end_is_told_all_entries_once_whether_they_are_here_yet_or_not(log: StubLog) -> None:
    hub, _ = hub_of(log, linger_s=60)
    await hub.hold("t")
    told: list[int] = []
    log.give(START, TextDelta(0, "a"))
    hub.conclude("t", lambda entries: told.append(len(entries)))
    hub.let_go("t")
    assert told == [], "another process may be slow to tell what it has"
    log.give(END)
    assert told == [3]
    hub.conclude("t", lambda entries: told.append(len(entries)))
    hub.conclude("nothing", lambda entries: told.append(len(entries)))
    assert told == [3, 3]
    hub.close()
