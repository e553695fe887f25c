"""Follow-up questions within their budget, and titles that nobody's own title gives way to."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.unit.engine.conftest import Bench, until

from millrace.engine.afterwords import Afterwords, give_title
from millrace.engine.insights import Insights
from millrace.model.commands import TurnContext
from millrace.model.events import Passage, SuggestionsReady, TurnCompleted
from millrace.model.generation import PromptMessage
from millrace.ops.clock import SystemClock
from millrace.ports import UseSink
from millrace.suggestions.suggester import HeadingSuggester


class Thinker:
    """Answers when the test lets it; implements `QuestionSuggester` and `SessionTitler`."""

    def __init__(self, *, ready: bool = True) -> None:
        self.ready = asyncio.Event()
        self.cancelled = False
        self.seen: list[list[str]] = []
        if ready:
            self.ready.set()

    async def _wait(self) -> None:
        try:
            await self.ready.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def suggest(
        self,
        conversation: Sequence[PromptMessage],
        *,
        passages: Sequence[Passage] = (),
        seconds: float,
        user_id: str = "",
        used: UseSink | None = None,
    ) -> tuple[str, ...]:
        self.seen.append([message.content for message in conversation])
        await self._wait()
        return ("And then?",)

    async def title(
        self, question: str, answer: str, *, seconds: float, user_id: str = "", used: UseSink | None = None
    ) -> str | None:
        await self._wait()
        return f"About {question}"


async def test_questions_stand_before_the_end_and_are_kept(make_bench) -> None:  # type: ignore[no-untyped-def]
    thinker = Thinker()
    bench: Bench = await make_bench(insights=Insights(suggester=thinker))
    turn, call = await bench.ask("Why?")
    call.say("Because.")
    call.finish()
    entries = await bench.entries(turn)
    assert [type(entry.event) for entry in entries[-2:]] == [SuggestionsReady, TurnCompleted]
    assert thinker.seen == [["Why?", "Because."]]
    answer = (await bench.store.messages(turn.session_id, limit=5))[1]
    assert answer.version.metadata is not None
    assert answer.version.metadata["suggested_questions"] == ["And then?"]


async def test_nobody_thinks_of_questions_that_nobody_wants(make_bench) -> None:  # type: ignore[no-untyped-def]
    thinker = Thinker(ready=False)
    bench: Bench = await make_bench(insights=Insights(suggester=thinker))
    turn, call = await bench.ask("Why?", suggestions=False)
    call.say("x" * 500)
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)
    assert thinker.seen == []


async def test_they_are_asked_for_while_the_answer_is_written(make_bench) -> None:  # type: ignore[no-untyped-def]
    thinker = Thinker()
    bench: Bench = await make_bench(insights=Insights(suggester=thinker))
    turn, call = await bench.ask("Why?")
    call.say("x" * 500)
    await until(lambda: bool(thinker.seen))
    call.say("more")
    call.finish()
    await bench.entries(turn)
    assert len(thinker.seen) == 1


async def test_those_that_come_too_late_do_not_come(make_bench) -> None:  # type: ignore[no-untyped-def]
    thinker = Thinker(ready=False)
    bench: Bench = await make_bench(insights=Insights(suggester=thinker), suggestions_budget_s=0.05)
    turn, call = await bench.ask("Why?")
    call.finish()
    entries = await bench.entries(turn)
    assert not any(isinstance(entry.event, SuggestionsReady) for entry in entries)
    await until(lambda: thinker.cancelled)


async def test_a_stop_asks_nothing(make_bench) -> None:  # type: ignore[no-untyped-def]
    thinker = Thinker(ready=False)
    bench: Bench = await make_bench(insights=Insights(suggester=thinker, titler=thinker))
    _, call = await bench.ask("Why?")
    call.say("x" * 500)
    await until(lambda: bool(thinker.seen))
    await bench.engine.close()
    assert thinker.cancelled
    assert call.closed.is_set()


async def test_the_first_answer_gives_the_session_a_title(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(insights=Insights(titler=Thinker()))
    turn, call = await bench.ask("mills")
    call.finish()
    await bench.entries(turn)
    await until(lambda: bench.engine.status().running == 0)
    session = await bench.store.session(turn.session_id)
    assert session is not None
    assert session.title == "About mills"
    again, call = await bench.ask("rivers", turn.session_id)
    call.finish()
    await bench.entries(again)
    session = await bench.store.session(turn.session_id)
    assert session is not None
    assert session.title == "About mills", "later answers leave it alone"


async def test_a_title_that_somebody_gave_meanwhile_stays(bench: Bench) -> None:
    turn, call = await bench.ask("mills")
    call.finish()
    await bench.entries(turn)
    thinker = Thinker(ready=False)
    giving = asyncio.create_task(give_title(thinker, bench.store, SystemClock(), turn, ""))
    await asyncio.sleep(0.05)
    await bench.store.rename_session(turn.session_id, "Mine", 1)
    thinker.ready.set()
    await giving
    session = await bench.store.session(turn.session_id)
    assert session is not None
    assert session.title == "Mine"


async def test_without_anybody_to_ask_there_is_nothing_to_wait_for(bench: Bench) -> None:
    turn, call = await bench.ask()
    call.finish()
    afterwords = Afterwords(turn, None, budget_s=10)
    assert afterwords.begun
    afterwords.begin((), "x", ())
    assert await asyncio.wait_for(afterwords.questions(), 1) == ()
    await afterwords.close()


@pytest.mark.parametrize("insights", [Insights(suggester=Thinker(ready=False)), Insights(titler=Thinker(ready=False))])
async def test_a_shutdown_does_not_wait_for_them(make_bench, insights: Insights) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(insights=insights, suggestions_budget_s=0.1)
    turn, call = await bench.ask("Why?")
    call.finish()
    await bench.entries(turn)
    await asyncio.wait_for(bench.engine.close(), 2)


class Broken(Thinker):
    """One with a bug."""

    async def suggest(
        self,
        conversation: Sequence[PromptMessage],
        *,
        passages: Sequence[Passage] = (),
        seconds: float,
        user_id: str = "",
        used: UseSink | None = None,
    ) -> tuple[str, ...]:
        raise ZeroDivisionError


async def test_a_fault_in_asking_is_no_fault_of_the_answer(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(insights=Insights(suggester=Broken()))
    turn, call = await bench.ask("Why?")
    call.say("Because.")
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)


async def test_without_a_model_they_come_from_what_was_retrieved(make_bench) -> None:  # type: ignore[no-untyped-def]
    class Library:
        async def retrieve(self, query: str, **_: object) -> list[Passage]:
            return [Passage(number, f"Mills > {title}", "", 0.9) for number, title in ((1, "Water"), (2, "Wind"))]

    bench: Bench = await make_bench(retriever=Library(), insights=Insights(suggester=HeadingSuggester()))
    turn, call = await bench.ask("How does a water mill work?", context=TurnContext(enable_rag=True))
    call.say("By water [1].")
    call.finish()
    asked = [entry.event for entry in await bench.entries(turn) if isinstance(entry.event, SuggestionsReady)]
    assert asked == [SuggestionsReady(("What do the sources say about \u201cWind\u201d?",))]
