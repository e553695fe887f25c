"""A run that loses its lease, its log or its store, and one that is nudged twice."""

import gc

import pytest
from tests.support.mood import Mood
from tests.unit.engine.conftest import ANA, Bench, drain, until

from millrace.engine.insights import Insights
from millrace.logs.memory import MemoryWriter
from millrace.model.commands import CancelTurn
from millrace.model.errors import StoreUnavailable, StreamError
from millrace.model.events import (
    EmotionUpdated,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
)
from millrace.model.turns import TurnOutcome
from millrace.stream.digest import text_digest


async def test_one_that_lost_its_lease_says_no_more(bench: Bench) -> None:
    turn, call = await bench.ask()
    call.say("mine")
    follower = await bench.engine.attach(turn)
    await until(lambda: len(follower.hot.entries) == 2)
    record = await bench.engine.find(turn.id, ANA)
    await bench.registry.abandon(record.lease)
    taken = await bench.registry.take_over(turn.id)
    assert taken is not None
    call.say("too late")
    await until(lambda: bench.engine.status().running == 0)
    assert call.closed.is_set()
    assert len(await bench.log.read(turn.id)) == 2
    assert list(await bench.store.messages(turn.session_id, limit=5)) == [], "its successor stores the turn"


async def test_a_log_that_breaks_is_told_to_those_who_watch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, call = await bench.ask()
    follower = await bench.engine.attach(turn)
    assert (await follower.next()).parts

    def full(*_: object) -> None:
        raise StreamError("The disk is full.")

    monkeypatch.setattr(MemoryWriter, "append", full)
    call.say("lost")
    with pytest.raises(StreamError, match="disk is full"):
        await follower.next()
    await until(lambda: bench.engine.status().running == 0)
    monkeypatch.undo()
    again, call = await bench.ask("And now?", turn.session_id)
    call.finish()
    assert isinstance((await bench.entries(again))[-1].event, TurnCompleted)


async def test_an_answer_whose_log_breaks_behind_its_text_is_stored(  # type: ignore[no-untyped-def]
    make_bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StreamError("The log is gone.")

    bench: Bench = await make_bench(emotion=Mood())
    turn, call = await bench.ask("Why?")
    follower = await bench.engine.attach(turn)
    call.say("Because.")
    await until(lambda: isinstance(follower.hot.entries[-1].event, TextDelta))
    monkeypatch.setattr(MemoryWriter, "append", gone)
    call.finish()
    with pytest.raises(StreamError, match="log is gone"):
        await drain(follower)
    messages = await bench.store.messages(turn.session_id, limit=5)
    assert [(m.version.content, m.version.status) for m in messages] == [("Why?", "complete"), ("Because.", "complete")]


async def test_a_store_that_refuses_for_good_is_an_honest_failure(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: TurnOutcome) -> None:
        raise StoreUnavailable(recoverable=False, detail="check constraint")

    turn, call = await bench.ask()
    monkeypatch.setattr(bench.store, "finish_turn", broken)
    call.say("whole")
    call.finish()
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert (end.code, end.digest) == ("STREAM_ERROR", text_digest("whole"))
    assert "constraint" not in end.message


async def test_the_first_nudge_counts(bench: Bench) -> None:
    turn, call = await bench.ask()
    await bench.engine.cancel(CancelTurn(turn_id=turn.id), ANA)
    await bench.engine.cancel(CancelTurn(turn_id=turn.id), ANA, cause="operator")
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCancelled)
    assert end.cancelled_by == "user"
    assert call.closed.is_set()


async def test_how_the_learner_fares_is_told_logged_and_kept(make_bench) -> None:  # type: ignore[no-untyped-def]
    mood = Mood()
    bench: Bench = await make_bench(emotion=mood)
    turn, call = await bench.ask("Why?")
    assert "Give a hint." in call.request.messages[0].content
    assert "0.70" in call.request.messages[0].content
    call.say("Because.")
    call.finish()
    entries = await bench.entries(turn)
    felt = [(entry.event.of, entry.seq) for entry in entries if isinstance(entry.event, EmotionUpdated)]
    assert felt == [("user", 1), ("answer", len(entries) - 2)]
    assert mood.seen == [([], "Why?"), (["Why?"], "Because.")]
    for message in await bench.store.messages(turn.session_id, limit=5):
        assert message.version.metadata is not None
        assert message.version.metadata["emotion_state"]["primary_emotion"] == "joy", message.role


async def test_a_fault_after_the_answer_leaves_nobody_waiting(make_bench) -> None:  # type: ignore[no-untyped-def]
    class Faulty:
        def category_of(self, text: str) -> str:
            raise ZeroDivisionError

    bench: Bench = await make_bench(insights=Insights(categories=Faulty()))
    turn, call = await bench.ask("Why?")
    follower = await bench.engine.attach(turn)
    call.say("Because.")
    call.finish()
    with pytest.raises(StreamError):
        await drain(follower)
    again, call = await bench.ask("And now?", turn.session_id)
    call.finish()
    assert again.session_id == turn.session_id, "the session is free for the next question"


async def test_an_ended_turn_leaves_nothing_to_the_garbage_collector(bench: Bench) -> None:
    async def answer() -> None:
        turn, call = await bench.ask()
        call.say("word " * 100)
        call.finish()
        await bench.entries(turn)
        await until(lambda: bench.engine.status().running == 0)

    await answer()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await answer()
        gc.collect()
        left = {
            type(found).__qualname__ for found in gc.garbage if type(found).__module__.startswith("millrace.engine")
        }
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not left
