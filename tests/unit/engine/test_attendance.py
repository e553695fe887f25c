"""Turns that nobody watches are named once, after the grace time."""

import asyncio

import pytest

from millrace.engine import attendance
from millrace.engine.attendance import Attendance


async def test_one_that_stays_away_is_named_once() -> None:
    gone: asyncio.Queue[str] = asyncio.Queue()
    here = Attendance(0.01, gone.put_nowait)
    here.left("t")
    here.left("t")
    assert await asyncio.wait_for(gone.get(), 2) == "t"
    await asyncio.sleep(0.03)
    assert gone.empty()


async def test_who_is_watched_elsewhere_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "_AGAIN_S", 0.02)
    seen: asyncio.Queue[str] = asyncio.Queue()
    here = Attendance(0, seen.put_nowait)
    here.left("t")
    for _ in range(3):
        assert await asyncio.wait_for(seen.get(), 2) == "t"
        assert seen.empty(), "not again and again"
        here.look_again("t")
    here.came("t")
    await asyncio.sleep(0.04)
    assert seen.empty()


async def test_one_that_returns_and_one_that_is_closed_are_not() -> None:
    gone: list[str] = []
    here = Attendance(0.01, gone.append)
    here.left("returns")
    here.came("returns")
    here.came("never left")
    here.left("closed")
    here.close()
    await asyncio.sleep(0.03)
    assert gone == []
