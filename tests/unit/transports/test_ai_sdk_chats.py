"""Which answer is meant when a client wants one again."""

import asyncio

import pytest
from tests.support.chat_bench import ANA, BEN, ChatBench

from millrace.dialects.ai_sdk import Ask, ask_of
from millrace.model.errors import InvalidRequest, NotFound
from millrace.model.messages import Message, Turn
from millrace.transports.ai_sdk_chats import Chats


def asked(text: str, message_id: str = "m1", *, answer: str | None = None, again: bool = False, key: str = "") -> Ask:
    """What version 7 sends."""
    message = {"id": message_id, "role": "user", "parts": [{"type": "text", "text": text}]}
    trigger = "regenerate-message" if again else "submit-message"
    fields = {"id": "c1", "messages": [message], "trigger": trigger, "messageId": answer}
    return ask_of(fields, {}, "ana", key=key or None)


async def answered(bench: ChatBench, ask: Ask, *pieces: str) -> Turn:
    turn = await Chats(bench.engine, bench.store).start(ask, ANA)
    call = await bench.provider.next_call()
    call.say(*pieces)
    call.finish()
    await bench.engine.entries(turn.id, ANA)
    return turn


async def stored(bench: ChatBench, turn: Turn) -> list[Message]:
    return list(await bench.store.messages(turn.session_id, limit=20))


async def test_the_same_message_twice_is_one_turn_and_an_edited_one_is_another(bench: ChatBench) -> None:
    first = await answered(bench, asked("Why?"), "So.")
    chats = Chats(bench.engine, bench.store)
    assert (await chats.start(asked("Why?"), ANA)).id == first.id
    edited = await answered(bench, asked("Why not?"), "Hm.")
    assert [message.version.content for message in await stored(bench, edited)] == ["Why?", "So.", "Why not?", "Hm."]


async def test_an_answer_is_found_by_its_id_by_either_id_of_its_question_and_by_its_words(bench: ChatBench) -> None:
    first = await answered(bench, asked("Why?"), "One.")
    second = await answered(bench, asked("And?", "m2"), "Two.")
    ours = (await stored(bench, first))[0].id
    for ask in (
        asked("And?", "m2", answer=first.message_id, again=True),
        asked("Why?", "m1", again=True),
        asked("Other words.", ours, again=True),
        asked("Why?", "an id of the application's own", again=True),
    ):
        assert (await answered(bench, ask, "Again.")).message_id == first.message_id
    assert (await answered(bench, asked("And?", again=True), "Twice.")).message_id == second.message_id
    versions = [message.version_count for message in await stored(bench, first)]
    assert versions == [1, 5, 1, 2]


async def test_a_question_that_never_arrived_is_asked(bench: ChatBench) -> None:
    ask = asked("Why?", again=True)
    turn = await answered(bench, ask, "So.")
    assert len(await stored(bench, turn)) == 2
    other = await answered(bench, asked("And?", "m2", again=True), "Hm.")
    assert len(await stored(bench, other)) == 4
    assert (await Chats(bench.engine, bench.store).start(asked("Why?"), ANA)).id == turn.id, "under its own key"


async def test_what_is_being_written_is_stopped_before_it_is_written_again(bench: ChatBench) -> None:
    chats = Chats(bench.engine, bench.store)
    first = await chats.start(asked("Why?"), ANA)
    call = await bench.provider.next_call()
    call.say("Half")
    again = asyncio.create_task(chats.start(asked("Why?", again=True, key="k"), ANA))
    await call.closed.wait()
    turn = await again
    assert turn.message_id == first.message_id
    second = await bench.provider.next_call()
    assert (await chats.start(asked("Why?", again=True, key="k"), ANA)).id == turn.id, "its key makes it idempotent"
    second.finish()
    await bench.engine.entries(turn.id, ANA)
    assert [version.status for version in await bench.store.versions(first.message_id)] == ["cancelled", "complete"]


async def test_nobody_elses(bench: ChatBench) -> None:
    turn = await answered(bench, asked("Why?"), "So.")
    chats = Chats(bench.engine, bench.store)
    with pytest.raises(NotFound):
        await chats.start(asked("Why?", answer=turn.message_id, again=True), BEN)
    with pytest.raises(InvalidRequest):
        await chats.start(asked("Why?", answer=(await stored(bench, turn))[0].id, again=True), ANA)
