"""What the model is asked: the session's conversation or the caller's own, with what was found for it."""

from collections.abc import Sequence

import pytest
from tests.support.mood import Mood
from tests.unit.engine.conftest import ANA, Bench, until

from millrace.engine import asking
from millrace.model.commands import StartTurn, TurnContext
from millrace.model.errors import InvalidRequest, StoreUnavailable
from millrace.model.events import EmotionUpdated, Passage, PassagesRetrieved, TextDelta, TurnCompleted, TurnFailed
from millrace.model.generation import PromptMessage
from millrace.model.messages import Message


class Library:
    """A retriever with one passage."""

    async def retrieve(
        self, query: str, *, user_id: str, document_ids: Sequence[str] = (), limit: int = 6, own: bool = False
    ) -> Sequence[Passage]:
        return [Passage(1, "Mill", f"Found for {query}", 0.9, "/mill")] if document_ids == ("d",) else []


TOLD = (
    PromptMessage("system", "Rhyme."),
    PromptMessage("user", "One?"),
    PromptMessage("assistant", ""),
    PromptMessage("assistant", "1"),
)


async def test_a_caller_may_tell_the_conversation_itself(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(system_prompt="Be kind.", max_tokens=100)
    stored, call = await bench.ask("What the session holds")
    call.finish()
    await bench.entries(stored)
    turn, call = await bench.ask("Two?", stored.session_id, history=TOLD, max_tokens=7, temperature=0.25)
    assert [(message.role, message.content) for message in call.request.messages] == [
        ("system", "Be kind."),
        ("system", "Rhyme."),
        ("user", "One?"),
        ("assistant", "1"),
        ("user", "Two?"),
    ]
    assert (call.request.max_tokens, call.request.temperature) == (7, 0.25)
    call.say("2")
    call.finish()
    await bench.entries(turn)
    kept = await bench.store.messages(stored.session_id, limit=9)
    assert [message.version.content for message in kept] == ["What the session holds", "", "Two?", "2"]


async def test_nobody_gets_more_than_the_server_allows(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(max_tokens=100)
    _, call = await bench.ask(max_tokens=10**9, history=())
    assert call.request.max_tokens == 100
    assert [message.content for message in call.request.messages] == ["Hi"]
    call.finish()
    turn, call = await bench.ask(max_tokens=1)
    call.say("x" * 1000)
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnCompleted)
    assert end.finish_reason == "length", "a provider that gives more is cut"


async def test_the_estimate_may_be_kept_from_the_model(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(emotion=Mood(), guidance_enabled=False)
    turn, call = await bench.ask("Why?")
    assert [message.role for message in call.request.messages] == ["user"]
    call.finish()
    assert any(isinstance(entry.event, EmotionUpdated) for entry in await bench.entries(turn))


async def test_passages_reach_the_model_and_are_cited(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(retriever=Library(), emotion=Mood())
    turn, call = await bench.ask("Who?", context=TurnContext(enable_rag=True, document_ids=("d",)))
    assert "Found for Who?" in call.request.messages[0].content
    call.say("Ada [1].")
    call.finish()
    entries = await bench.entries(turn)
    found = [entry.event for entry in entries if isinstance(entry.event, PassagesRetrieved)]
    assert [event.difficulty for event in found] == [0.7]
    end = entries[-1].event
    assert isinstance(end, TurnCompleted)
    assert (end.rag_enabled, [citation.url for citation in end.citations]) == (True, ["/mill"])


async def test_how_hard_the_answer_aims_to_be_is_told_without_retrieval_and_once(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(emotion=Mood())
    turn, call = await bench.ask("Why?", model="scripted/prefill")
    follower = await bench.engine.attach(turn)
    call.say("Be")
    await until(lambda: isinstance(follower.hot.entries[-1].event, TextDelta))
    await bench.engine.close()
    successor: Bench = await make_bench(share=bench, emotion=Mood(), retriever=Library())
    call = await successor.provider.next_call()
    assert "0.70" in call.request.messages[0].content
    call.say("cause.")
    call.finish()
    gathered = [e.event for e in await successor.entries(turn) if isinstance(e.event, PassagesRetrieved)]
    assert gathered == [PassagesRetrieved((), 0.7)], "who takes the turn over says it no second time"
    asked, call = await successor.ask("And?", turn.session_id, context=TurnContext(difficulty=0.2))
    call.finish()
    gathered = [e.event for e in await successor.entries(asked) if isinstance(e.event, PassagesRetrieved)]
    assert gathered == [PassagesRetrieved((), 0.2, 2)], "what the request says goes before"


async def test_an_answer_too_far_back_is_not_written_again(make_bench) -> None:  # type: ignore[no-untyped-def]
    bench: Bench = await make_bench(history_messages=1)
    first, call = await bench.ask("One?")
    call.finish()
    await bench.entries(first)
    second, call = await bench.ask("Two?", first.session_id)
    call.finish()
    await bench.entries(second)
    again = await bench.engine.start(StartTurn(regenerate=first.message_id), ANA)
    end = (await bench.entries(again))[-1].event
    assert isinstance(end, TurnFailed)
    assert end.code == InvalidRequest.code


async def test_a_database_that_restarts_is_waited_for(make_bench, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(asking, "_AGAIN_S", 0.01)
    bench: Bench = await make_bench()
    down, messages = 3, bench.store.messages

    async def restarting(session_id: str, *, limit: int, before: str | None = None) -> Sequence[Message]:
        nonlocal down
        if down:
            down -= 1
            raise StoreUnavailable(retry_after=3)
        return await messages(session_id, limit=limit, before=before)

    monkeypatch.setattr(bench.store, "messages", restarting)
    turn, call = await bench.ask()
    call.finish()
    assert isinstance((await bench.entries(turn))[-1].event, TurnCompleted)
    monkeypatch.setattr(asking, "_PATIENCE_S", 0.05)
    down = 1000
    turn = await bench.engine.start(StartTurn(message="Hi"), ANA)
    end = (await bench.entries(turn))[-1].event
    assert isinstance(end, TurnFailed)
    assert "database does not answer" in end.message
