"""A pump delivers everything once and in order, whether its outlet has room at once, later or never."""

import asyncio
from collections.abc import Sequence

import pytest

from millrace.dialects.chat import ChatDialect
from millrace.engine.hub import Hub
from millrace.model.errors import InvalidRequest, StreamError
from millrace.model.events import AnyEvent, Entry, TextDelta, TurnCompleted, TurnStarted, Usage
from millrace.ops.clock import SystemClock
from millrace.ports import EntrySink, FailureSink, Subscription
from millrace.stream.delivery import DeliveryOptions
from millrace.transports.pump import ConnectionClosed, Pump

START = TurnStarted("t", "s", "m", "u", "p/m")
END = TurnCompleted("stop", "", 3, Usage(), "p/m")


class Log:
    """The part of a log that a hub needs."""

    def __init__(self) -> None:
        self.sink: EntrySink = lambda _: None
        self.seq = 0

    async def follow(
        self, turn_id: str, after: int, sink: EntrySink, broken: FailureSink | None = None
    ) -> Subscription:
        self.sink = sink
        return self

    def close(self) -> None:
        pass

    def give(self, *events: AnyEvent) -> None:
        now = SystemClock().now_ms()
        self.sink([Entry(self.seq + i, now, event) for i, event in enumerate(events)])
        self.seq += len(events)


class Outlet:
    """A socket that has room or not."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.room = asyncio.Event()
        self.room.set()
        self.gone = False

    def offer(self, frames: Sequence[bytes]) -> bool:
        if self.gone:
            raise ConnectionClosed
        if not self.room.is_set():
            return False
        self.writes.append(list(frames))
        return True

    async def send(self, frames: Sequence[bytes]) -> None:
        await self.room.wait()
        if self.gone:
            raise ConnectionClosed
        self.writes.append(list(frames))

    def words(self) -> list[str]:
        frames = [frame for write in self.writes for frame in write]
        return [frame.split(b'"token":"')[1].split(b'"')[0].decode() for frame in frames if b'"token":"' in frame]


class Bench:
    def __init__(self) -> None:
        self.log = Log()
        self.outlet = Outlet()
        self.hub = Hub(self.log, SystemClock(), linger_s=0.0, watched=lambda *_: None)  # type: ignore[arg-type]  # all it needs

    async def pump(self, *, after: int = -1, pace_ms: int = 0, offering: bool = True) -> "asyncio.Task[None]":
        self.follower = await self.hub.attach("t", after, DeliveryOptions(pace_ms=pace_ms))
        outlet = self.outlet
        task = asyncio.create_task(
            Pump(self.follower, ChatDialect(), outlet.send, outlet.offer if offering else None).run()
        )
        await asyncio.sleep(0)
        return task


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_what_was_accepted_together_is_written_together_and_at_once(bench: Bench) -> None:
    task = await bench.pump()
    bench.log.give(START)
    bench.log.give(TextDelta(0, "a"), TextDelta(1, "b"))
    assert [len(write) for write in bench.outlet.writes] == [1, 2], "no step of the loop lies between news and write"
    bench.log.give(TextDelta(2, "c"), END)
    await asyncio.wait_for(task, 1)
    assert bench.outlet.words() == ["a", "b", "c", ""]


async def test_without_an_offer_it_waits_for_each_write(bench: Bench) -> None:
    task = await bench.pump(offering=False)
    bench.log.give(START, TextDelta(0, "a"))
    bench.log.give(TextDelta(1, "b"), END)
    await asyncio.wait_for(task, 1)
    assert bench.outlet.words() == ["a", "b", ""]


async def test_a_socket_without_room_delays_and_loses_nothing(bench: Bench) -> None:
    task = await bench.pump()
    bench.log.give(START)
    bench.outlet.room.clear()
    bench.log.give(TextDelta(0, "a"))
    for index in range(1, 200):
        bench.log.give(TextDelta(index, f"{index}"))
        if index % 50 == 0:
            await asyncio.sleep(0)
    assert len(bench.outlet.writes) == 1
    bench.outlet.room.set()
    bench.log.give(END)
    await asyncio.wait_for(task, 1)
    assert "".join(bench.outlet.words()) == "a" + "".join(str(index) for index in range(1, 200))
    assert len(bench.outlet.writes) < 6, "what had waited came merged"


async def test_pacing_uses_one_timer(bench: Bench) -> None:
    task = await bench.pump(pace_ms=5)
    bench.log.give(START)
    for index in range(6):
        bench.log.give(TextDelta(index, f"{index}"))
    assert bench.outlet.words() == ["0"]
    bench.log.give(END)
    await asyncio.wait_for(task, 2)
    assert bench.outlet.words() == ["0", "1", "2", "3", "4", "5", ""]


async def test_a_client_that_is_gone_ends_it(bench: Bench) -> None:
    task = await bench.pump()
    bench.outlet.gone = True
    bench.log.give(START)
    bench.log.give(TextDelta(0, "a"))
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(task, 1)


async def test_a_log_that_breaks_ends_it_after_what_was_there(bench: Bench) -> None:
    task = await bench.pump()
    bench.log.give(START, TextDelta(0, "a"))
    bench.hub.fail("t", StreamError("broken"))
    with pytest.raises(StreamError, match="broken"):
        await asyncio.wait_for(task, 1)
    assert bench.outlet.words() == ["a"]


async def test_one_that_is_cancelled_listens_no_more(bench: Bench) -> None:
    task = await bench.pump(pace_ms=10_000)
    bench.log.give(START, TextDelta(0, "a"), TextDelta(1, "b"))
    task.cancel()
    await asyncio.wait([task])
    bench.log.give(END)
    assert bench.follower.listener is None
    assert bench.outlet.words() == ["a"]


async def test_a_place_beyond_the_end_is_refused(bench: Bench) -> None:
    bench.follower = await bench.hub.attach("t", -1, DeliveryOptions())
    bench.log.give(START, END)
    task = await bench.pump(after=7)
    with pytest.raises(InvalidRequest):
        await asyncio.wait_for(task, 1)
