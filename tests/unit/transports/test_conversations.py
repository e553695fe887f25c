"""What is said, resumed and stopped in a conversation, by the name that a client gives it."""

import pytest
from tests.support.chat_bench import ANA, BEN, ChatBench

from millrace.model.commands import StartTurn
from millrace.model.errors import NotFound
from millrace.transports.conversations import Conversation, Conversations

HELLO = StartTurn(message="Why?", session_name="c1")


async def test_what_runs_is_found_and_stopped(bench: ChatBench) -> None:
    conversations = Conversations(bench.engine, bench.store)
    assert await conversations.running("c1", ANA) is None, "a chat that has not begun"
    await conversations.stop("c1", ANA)
    turn = await bench.engine.start(HELLO, ANA)
    call = await bench.provider.next_call()
    found = await conversations.running("c1", ANA)
    assert found is not None
    assert found.id == turn.id
    assert await conversations.running("c1", BEN) is None, "another user's chat of the same name is another chat"
    await conversations.stop("c1", ANA, "another turn")
    assert not call.closed.is_set()
    await conversations.stop("c1", ANA, turn.id)
    await call.closed.wait()
    await bench.engine.entries(turn.id, ANA)
    assert await conversations.running("c1", ANA) is None


async def test_what_was_said_is_read_with_what_is_being_answered(bench: ChatBench) -> None:
    conversations = Conversations(bench.engine, bench.store)
    assert await conversations.read("c1", ANA) == Conversation()
    turn = await bench.engine.start(HELLO, ANA)
    call = await bench.provider.next_call()
    assert await conversations.read("c1", ANA) == Conversation([], turn)
    call.say("So.")
    call.finish()
    await bench.engine.entries(turn.id, ANA)
    read = await conversations.read("c1", ANA)
    assert [message.version.content for message in read.messages] == ["Why?", "So."]
    assert read.running is None


async def test_another_users_conversation_is_not_there(bench: ChatBench) -> None:
    conversations = Conversations(bench.engine, bench.store)
    turn = await bench.engine.start(HELLO, ANA)
    (await bench.provider.next_call()).finish()
    await bench.engine.entries(turn.id, ANA)
    assert (await conversations.read(turn.session_id, ANA)).messages, "the id of a session names it too"
    for verb in (conversations.read, conversations.running, conversations.stop):
        with pytest.raises(NotFound):
            await verb(turn.session_id, BEN)
