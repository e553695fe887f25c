"""Turns that nobody watches are named once, after the grace time."""

import asyncio

from millrace.engine.attendance import Attendance


async def test_one_that_stays_away_is_named_once() -> None:
    gone: asyncio.Queue[str] = asyncio.Queue()
    attendance = Attendance(0.01, gone.put_nowait)
    attendance.left("t")
    attendance.left("t")
    assert await asyncio.wait_for(gone.get(), 2) == "t"
    await asyncio.sleep(0.03)
    assert gone.empty()


async def test_one_that_returns_and_one_that_is_closed_are_not() -> None:
    gone: list[str] = []
    attendance = Attendance(0.01, gone.append)
    attendance.left("returns")
    attendance.came("returns")
    attendance.came("never left")
    attendance.left("closed")
    attendance.close()
    await asyncio.sleep(0.03)
    assert gone == []
