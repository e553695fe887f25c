"""The ticker, playing to a transport that only notes what it gets."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from millrace.testing.simulator.journal import Journal
from millrace.testing.simulator.pacer import Pacer, Stream
from millrace.testing.simulator.performance import Step, Then


class Notes(asyncio.Transport):
    """Notes each write and the turn of the event loop it came in; full whenever a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.times: list[float] = []
        self.writing_paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))
        self.times.append(time.monotonic())


def stream(steps: Iterator[Step], to: Notes, *, chunked: bool = False) -> Stream:
    entry = Journal(time.time).open("/", b"", authorized=False)
    made = Stream(steps, entry, time.monotonic())
    made.connect(to, to, chunked=chunked)
    return made


def paced(count: int, interval: float) -> Iterator[Step]:
    for index in range(count):
        yield Step(index * interval, b"x", 1)
    yield Step((count - 1) * interval, b"", 0, Then.FINISH)


async def test_steps_are_framed_and_the_end_is_told() -> None:
    notes = Notes()
    steps = iter([Step(0, b"a" * 10, 1), Step(0, b""), Step(0, b"b", 1, Then.CLOSE)])
    assert await Pacer().play(stream(steps, notes, chunked=True)) is Then.CLOSE
    assert notes.writes == [b"a\r\n" + b"a" * 10 + b"\r\n", b"1\r\nb\r\n"]


async def test_the_rate_is_exact() -> None:
    pacer, all_notes = Pacer(), [Notes() for _ in range(20)]
    began = time.monotonic()
    await asyncio.gather(*(pacer.play(stream(paced(30, 0.01), notes)) for notes in all_notes))
    lasted = time.monotonic() - began
    assert 0.285 <= lasted < 2
    for notes in all_notes:
        assert len(notes.writes) == 30
        assert all(at - began > index * 0.01 - 0.002 for index, at in enumerate(notes.times))


async def test_streams_without_an_interval_take_turns() -> None:
    pacer, order = Pacer(), list[str]()

    def steps(name: str) -> Iterator[Step]:
        for _ in range(3):
            order.append(name)
            yield Step(0, b"x", 1)
        yield Step(0, b"", 0, Then.FINISH)

    await asyncio.gather(*(pacer.play(stream(steps(name), Notes())) for name in "ab"))
    assert "".join(order) == "ababab"


async def test_a_full_connection_rests_its_stream_only() -> None:
    pacer, slow, quick = Pacer(), Notes(), Notes()
    slow.writing_paused = True
    resting = stream(paced(3, 0), slow)
    first, second = await asyncio.gather(pacer.play(resting), pacer.play(stream(paced(3, 0), quick)))
    assert (first, second) == (Then.NEXT, Then.FINISH)
    assert (len(slow.writes), len(quick.writes)) == (1, 3)
    slow.writing_paused = False
    assert await pacer.play(resting) is Then.FINISH
    assert len(slow.writes) == 3


async def test_a_cancelled_stream_writes_no_more() -> None:
    pacer, gone, other = Pacer(), Notes(), Notes()
    playing = asyncio.create_task(pacer.play(stream(paced(100, 0.005), gone)))
    staying = asyncio.create_task(pacer.play(stream(paced(10, 0.005), other)))
    await asyncio.sleep(0)
    playing.cancel()
    await asyncio.wait([playing])
    written = len(gone.writes)
    assert await staying is Then.FINISH
    assert len(gone.writes) == written


async def test_a_performance_that_fails_harms_no_other() -> None:
    def failing() -> Iterator[Step]:
        yield Step(0, b"x", 1)
        raise ValueError("broken performance")

    pacer = Pacer()
    broken = asyncio.create_task(pacer.play(stream(failing(), Notes())))
    assert await pacer.play(stream(paced(3, 0.001), Notes())) is Then.FINISH
    with pytest.raises(ValueError, match="broken performance"):
        await broken


async def test_an_earlier_step_is_not_kept_waiting_by_a_later_one() -> None:
    pacer = Pacer()
    late = asyncio.create_task(pacer.play(stream(iter([Step(60, b"", 0, Then.FINISH)]), Notes())))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await pacer.play(stream(paced(2, 0.01), Notes())) is Then.FINISH
    late.cancel()
    pacer.close()
