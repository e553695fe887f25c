"""Whether, when and of what the learner's state is estimated; that it never holds up an answer, nor costs one."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from tests.support.mood import JOY, Mood
from tests.unit.engine.conftest import Bench, drain, until

from millrace.engine import observer
from millrace.model.errors import StoreUnavailable
from millrace.model.events import EmotionState, EmotionUpdated, Entry, PassagesRetrieved, TextDelta, TurnCompleted
from millrace.model.generation import PromptMessage
from millrace.model.learner import LearnerState
from millrace.model.messages import EMOTION_STATE
from millrace.model.preferences import Preferences

OFF = Preferences(emotion_enabled=False)


class Slow(Mood):
    """Answers when the test lets it."""

    takes_time = True

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def observe(self, history: Sequence[PromptMessage], text: str) -> LearnerState:
        assert threading.current_thread() is not threading.main_thread()
        self.free.wait(10)
        return super().observe(history, text)

    def observe_answer(self, history: Sequence[PromptMessage], text: str) -> EmotionState:
        self.free.wait(10)
        return super().observe_answer(history, text)


@contextmanager
def slow() -> Iterator[Slow]:
    analyzer = Slow()
    try:
        yield analyzer
    finally:
        analyzer.free.set()


def felt(entries: list[Entry]) -> list[str]:
    return [entry.event.of for entry in entries if isinstance(entry.event, EmotionUpdated)]


async def say(bench: Bench, text: str, session_id: str | None = None, **fields: object) -> tuple[str, list[Entry]]:
    turn, call = await bench.ask(text, session_id, **fields)
    call.say("Because.")
    call.finish()
    return turn.session_id, await bench.entries(turn)


async def test_where_the_user_switched_it_off_nothing_is_looked_at_told_or_kept(make_bench) -> None:  # type: ignore[no-untyped-def]
    mood = Mood()
    bench: Bench = await make_bench(emotion=mood)
    await bench.store.set_preferences("ana", OFF)
    session_id, entries = await say(bench, "Why?")
    assert mood.seen == []
    assert not [entry for entry in entries if isinstance(entry.event, EmotionUpdated | PassagesRetrieved)]
    assert [message.role for message in bench.provider.calls[0].request.messages] == ["user"]
    for message in await bench.store.messages(session_id, limit=5):
        assert EMOTION_STATE not in (message.version.metadata or {})


async def test_what_was_said_while_it_was_off_is_not_looked_at_later(make_bench) -> None:  # type: ignore[no-untyped-def]
    mood = Mood()
    bench: Bench = await make_bench(emotion=mood)
    session_id, _ = await say(bench, "One?")
    await bench.store.set_preferences("ana", OFF)
    await say(bench, "Two?", session_id)
    await bench.store.set_preferences("ana", Preferences())
    mood.seen.clear()
    _, entries = await say(bench, "Three?", session_id)
    assert mood.seen == [(["One?", "Because."], "Three?"), (["One?", "Because.", "Three?"], "Because.")]
    assert felt(entries) == ["user", "answer"]


async def test_a_request_may_go_without_it(make_bench) -> None:  # type: ignore[no-untyped-def]
    mood = Mood()
    bench: Bench = await make_bench(emotion=mood)
    _, entries = await say(bench, "Why?", estimate_emotion=False)
    assert (mood.seen, felt(entries)) == ([], [])


async def test_a_conversation_that_the_caller_tells_is_looked_at_as_told(make_bench) -> None:  # type: ignore[no-untyped-def]
    mood = Mood()
    bench: Bench = await make_bench(emotion=mood)
    await say(bench, "Two?", history=(PromptMessage("user", "One?"),))
    assert mood.seen[0] == (["One?"], "Two?")


async def test_a_long_conversation_is_read_beside_the_answer_and_from_its_end(make_bench) -> None:  # type: ignore[no-untyped-def]
    class Watching(Mood):
        def observe(self, history: Sequence[PromptMessage], text: str) -> LearnerState:
            self.in_loop = threading.current_thread() is threading.main_thread()
            return super().observe(history, text)

    mood = Watching()
    bench: Bench = await make_bench(emotion=mood, history_messages=3)
    told = tuple(PromptMessage("user", f"{number} " + "x" * 10_000) for number in range(9))
    _, entries = await say(bench, "And?", history=told)
    assert [text.split()[0] for text in mood.seen[0][0]] == ["6", "7", "8"]
    assert not mood.in_loop
    assert felt(entries) == ["user", "answer"]
    await say(bench, "And?", history=told[:1])
    assert mood.in_loop


async def test_where_the_choice_is_unknown_nothing_is_seen(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    async def down(_: str) -> Preferences:
        raise StoreUnavailable(detail="connection refused")

    mood = Mood()
    bench: Bench = await make_bench(emotion=mood)
    monkeypatch.setattr(bench.store, "preferences", down)
    _, entries = await say(bench, "Why?")
    assert mood.seen == []
    assert isinstance(entries[-1].event, TurnCompleted)


async def test_an_answer_does_not_wait_for_an_analyzer_that_takes_its_time(make_bench) -> None:  # type: ignore[no-untyped-def]
    with slow() as analyzer:
        bench: Bench = await make_bench(emotion=analyzer, guidance_budget_s=0.0)
        turn, call = await bench.ask("Why?")
        assert [message.role for message in call.request.messages] == ["user"], "too late to change the answer"
        follower = await bench.engine.attach(turn)
        call.say("Because.")
        await until(lambda: isinstance(follower.hot.entries[-1].event, TextDelta))
        analyzer.free.set()
        while not felt(list(follower.hot.entries)):
            await follower.next()
        call.finish()
        entries = await drain(follower)
    assert [type(entry.event).__name__ for entry in entries] == [
        "TurnStarted",
        "TextDelta",
        "EmotionUpdated",
        "EmotionUpdated",
        "TurnCompleted",
    ]
    question = (await bench.store.messages(turn.session_id, limit=5))[0]
    assert question.version.metadata is not None
    assert question.version.metadata[EMOTION_STATE]["primary_emotion"] == JOY.primary_emotion


async def test_what_it_says_in_time_changes_the_answer(make_bench) -> None:  # type: ignore[no-untyped-def]
    with slow() as analyzer:
        analyzer.free.set()
        bench: Bench = await make_bench(emotion=analyzer, guidance_budget_s=5.0)
        _, entries = await say(bench, "Why?")
    assert "Give a hint." in bench.provider.calls[0].request.messages[0].content
    assert felt(entries) == ["user", "answer"]


async def test_one_that_never_answers_costs_no_answer(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(observer, "_LONGEST_S", 0.05)
    with slow() as analyzer:
        bench: Bench = await make_bench(emotion=analyzer, guidance_budget_s=0.0)
        _, entries = await say(bench, "Why?")
    assert felt(entries) == []
    assert isinstance(entries[-1].event, TurnCompleted)


async def test_a_shutdown_does_not_wait_for_it(make_bench) -> None:  # type: ignore[no-untyped-def]
    with slow() as analyzer:
        bench: Bench = await make_bench(emotion=analyzer, guidance_budget_s=5.0)
        asking = asyncio.create_task(bench.ask("Why?"))
        await until(lambda: bench.engine.status().running == 1)
        await asyncio.wait_for(bench.engine.close(), 4)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_a_fault_of_it_costs_no_answer(make_bench) -> None:  # type: ignore[no-untyped-def]
    class Faulty(Mood):
        def observe(self, history: Sequence[PromptMessage], text: str) -> LearnerState:
            raise ZeroDivisionError

        def observe_answer(self, history: Sequence[PromptMessage], text: str) -> EmotionState:
            raise ZeroDivisionError

    bench: Bench = await make_bench(emotion=Faulty())
    _, entries = await say(bench, "Why?")
    assert felt(entries) == []
    assert isinstance(entries[-1].event, TurnCompleted)
