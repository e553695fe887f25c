"""Outcomes reach the store, in whatever state it is."""

import asyncio
import logging

import pytest
from msgspec import structs
from tests.unit.engine.test_endings import endings

from millrace.engine.endings import Ending
from millrace.engine.outcomes import Outcomes
from millrace.model.errors import MillraceError, NotFound, StoreUnavailable
from millrace.model.generation import Finished, TextPiece
from millrace.model.turns import TurnOutcome


class Shelf:
    """A store of outcomes that says what the test wants."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.asked = 0
        self.refuses: dict[str, Exception] = {}
        self.down: MillraceError | None = StoreUnavailable(retry_after=3, detail="connection refused")

    async def finish_turn(self, outcome: TurnOutcome) -> None:
        self.asked += 1
        if self.down is not None:
            raise self.down
        if outcome.turn.id in self.refuses:
            raise self.refuses[outcome.turn.id]
        self.kept.append(outcome.turn.id)


def outcome(turn_id: str) -> TurnOutcome:
    made = endings(TextPiece("a"), Finished("stop"))
    whole = made.outcome(made.event(Ending.completed()))
    return structs.replace(whole, turn=structs.replace(whole.turn, id=turn_id))


def outcomes(shelf: Shelf) -> Outcomes:
    return Outcomes(shelf, first_retry_s=0.01, last_retry_s=0.02)  # type: ignore[arg-type]  # one verb of the port


async def test_what_cannot_be_stored_now_is_stored_later(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    some = outcomes(shelf)
    assert not await some.keep(outcome("a"))
    waiting = [asyncio.create_task(some.later(outcome(name))) for name in "abc"]
    async with asyncio.timeout(5):
        while shelf.asked < 4:
            await asyncio.sleep(0.005)
    with pytest.raises(StoreUnavailable):
        some.check()
    some.check_room()
    monkeypatch.setattr("millrace.engine.outcomes.MOST_WAITING", 3)
    with pytest.raises(StoreUnavailable):
        some.check_room()
    asked = shelf.asked
    assert not await some.keep(outcome("d")), "one who asks is enough"
    assert shelf.asked == asked
    shelf.down = None
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert sorted(shelf.kept) == ["a", "b", "c"]
    some.check()
    some.check_room()
    assert await some.keep(outcome("d"))
    assert some.waiting == 0


async def test_what_can_never_be_stored_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    shelf.down = None
    shelf.refuses = {
        "gone": NotFound(),
        "broken": StoreUnavailable(recoverable=False),
        "bug": ValueError("ours"),
    }
    some = outcomes(shelf)
    for name in ("gone", "broken"):
        with pytest.raises(MillraceError):
            await some.keep(outcome(name))
    with caplog.at_level(logging.CRITICAL):
        await asyncio.wait_for(asyncio.gather(*(some.later(outcome(name)) for name in (*shelf.refuses, "good"))), 5)
    assert shelf.kept == ["good"]


async def test_who_waits_no_more_is_forgotten() -> None:
    shelf = Shelf()
    some = outcomes(shelf)
    waiting = asyncio.create_task(some.later(outcome("a")))
    async with asyncio.timeout(5):
        while shelf.asked < 2:
            await asyncio.sleep(0.005)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert some.waiting == 0
    some.check()
    again = asyncio.create_task(some.later(outcome("b")))
    await asyncio.sleep(0)
    await some.close()
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    assert shelf.kept == []
