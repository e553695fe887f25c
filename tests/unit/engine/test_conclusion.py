"""A turn is stored, sealed and released, in this order where it can be, and each in the end where it cannot."""

import asyncio

import msgspec
import pytest
from tests.unit.engine.conftest import ANA, Bench, until
from tests.unit.engine.test_transcript import ListWriter

from millrace.engine import conclusion
from millrace.engine.conclusion import Conclusion, ended_as
from millrace.engine.endings import logged_outcome
from millrace.engine.hub import Hub
from millrace.engine.outcomes import Outcomes
from millrace.engine.transcript import Transcript
from millrace.model.commands import CancelTurn, StartTurn
from millrace.model.errors import LeaseLost, LogUnavailable, MillraceError, NoActiveStream, StoreUnavailable
from millrace.model.events import TerminalEvent, TurnCancelled, TurnCompleted, TurnFailed, Usage
from millrace.model.turns import Lease, TurnOutcome
from millrace.ops.clock import SystemClock

END = TurnCompleted("stop", "", 0, Usage(), "p/m")


class Down:
    """A store that keeps no outcome until it is mended; remembers what it was to keep."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[TurnOutcome] = []
        self.mended = False
        self._finish_turn = bench.store.finish_turn
        monkeypatch.setattr(bench.store, "finish_turn", self)

    async def __call__(self, outcome: TurnOutcome) -> None:
        self.asked.append(outcome)
        if not self.mended:
            raise StoreUnavailable(retry_after=3, detail="connection refused")
        await self._finish_turn(outcome)


async def test_a_turn_ends_while_the_store_is_down_and_is_stored_when_it_is_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, down = bench.engine, Down(bench, monkeypatch)
    turn, call = await bench.ask()
    call.think("Well. ")
    call.say("whole")
    call.finish()
    entries = await bench.entries(turn)
    assert isinstance(entries[-1].event, TurnCompleted), "who watches sees the end"
    await until(lambda: engine._outcomes.waiting == 1)
    assert engine.status().concluding == 1
    assert (engine.status().running, engine.status().queued) == (0, 0)
    with pytest.raises(StoreUnavailable):
        engine.check()
    assert [record.turn.id for record in await engine.active(turn.session_id, ANA)] == [turn.id], "it is nowhere else"
    with pytest.raises(NoActiveStream):
        await engine.cancel(CancelTurn(session_id=turn.session_id), ANA)
    await engine.cancel(CancelTurn(turn_id=turn.id), ANA)  # it is over: nothing comes of it
    following = await engine.start(StartTurn(message="And?", session_id=turn.session_id), ANA)

    down.mended = True
    call = await bench.provider.next_call()
    assert [message.content for message in call.request.messages] == ["Hi", "whole", "And?"], "it is told what was said"
    call.finish()
    await bench.entries(following)
    await until(lambda: engine.status().concluding == 0)
    assert await engine.active(turn.session_id, ANA) == []
    engine.check()

    replayed = Transcript(ListWriter(), SystemClock(), turn.model)
    replayed.replay(entries)
    told, said = logged_outcome(turn, replayed, entries), down.asked[0]
    assert told.answer.reasoning == "Well. "
    assert msgspec.structs.replace(told, answer=said.answer) == said, "the log tells all that is to be stored"
    assert msgspec.structs.replace(told.answer, created_at=said.answer.created_at) == said.answer


async def test_who_comes_after_stores_what_was_left(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench()
    down = Down(bench, monkeypatch)
    turn, call = await bench.ask()
    call.say("whole")
    call.finish()
    await bench.entries(turn)
    await asyncio.wait_for(bench.engine.close(), 5)
    assert await bench.store.answer(turn.id) is None
    down.mended = True
    after: Bench = await make_bench(share=bench)
    await until(lambda: not after.engine._runs.has(turn.id))
    answer = await bench.store.answer(turn.id)
    assert answer is not None
    assert (answer.version.content, answer.version.status) == ("whole", "complete")
    assert after.provider.calls == []


class Storage:
    """A log and a registry that fail as often as the test wants, and what became of the turn."""

    def __init__(self, *, seals: MillraceError | None = None, delivers: MillraceError | None = None) -> None:
        self.seals, self.delivers = seals, delivers
        self.fails = 2
        self.room = asyncio.Event()
        self.done: list[str] = []

    async def seal(self, event: TerminalEvent) -> int:
        if self.seals is not None:
            raise self.seals
        self.done.append(event.finish_reason if isinstance(event, TurnCompleted) else "")
        return 0

    async def delivered(self) -> None:
        await self.room.wait()
        if self.delivers is not None:
            raise self.delivers
        self.done.append("delivered")

    async def release(self, lease: Lease, state: str) -> None:
        if self.fails:
            self.fails -= 1
            raise LogUnavailable
        self.done.append(state)

    async def abandon(self, lease: Lease) -> None:
        self.done.append("abandoned")
        raise LogUnavailable


def concluding(bench: Bench, storage: Storage) -> Conclusion:
    outcomes = Outcomes(bench.store)
    hub = Hub(bench.log, SystemClock(), linger_s=1, watched=lambda *_: None)
    return Conclusion(Lease("t", "me", 1), outcomes=outcomes, registry=storage, hub=hub)  # type: ignore[arg-type]  # two verbs


async def test_a_turn_is_released_once_its_log_has_its_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conclusion, "_RETRY_S", 0.01)
    storage = Storage(seals=LogUnavailable(), delivers=None)
    ending = concluding(bench, storage)
    await ending.seal(storage, END)  # type: ignore[arg-type]  # as above
    released = asyncio.create_task(ending.release("completed"))
    await until(lambda: ending.late)
    assert storage.done == []
    storage.room.set()
    assert await asyncio.wait_for(released, 5)
    assert storage.done == ["delivered", "completed"]
    assert not ending.late


async def test_a_log_that_never_gets_its_end_holds_up_no_session(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conclusion, "_RETRY_S", 0.01)
    storage = Storage(seals=LogUnavailable(), delivers=LogUnavailable())
    storage.room.set()
    ending = concluding(bench, storage)
    await ending.seal(storage, END)  # type: ignore[arg-type]  # as above
    assert await ending.release("failed")
    assert storage.done == ["failed"]


async def test_who_leaves_waits_for_nothing(bench: Bench) -> None:
    for before in (True, False):
        storage = Storage(seals=LogUnavailable())
        ending = concluding(bench, storage)
        await ending.seal(storage, END)  # type: ignore[arg-type]  # as above
        if before:
            ending.leave()
        released = asyncio.create_task(ending.release("completed"))
        if not before:
            await until(lambda ending=ending: ending.late)  # type: ignore[misc]  # bound for this round
            ending.leave()
        assert not await asyncio.wait_for(released, 5)
        assert storage.done == ["abandoned"]


async def test_a_lost_lease_is_told(bench: Bench) -> None:
    storage = Storage(seals=LeaseLost())
    with pytest.raises(LeaseLost):
        await concluding(bench, storage).seal(storage, END)  # type: ignore[arg-type]  # as above


def test_how_a_turn_ended_is_its_state() -> None:
    assert ended_as(END) == "completed"
    assert ended_as(TurnCancelled("user", "", 0, Usage())) == "cancelled"
    assert ended_as(TurnFailed("STREAM_ERROR", "No.", True, "")) == "failed"
