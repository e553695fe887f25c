"""A connection that shows one conversation: every turn of it, from the middle on where one is running."""

from contextlib import suppress

import msgspec
from tests.support.chat_bench import ANA, BEN, ChatBench, Peer

from millrace.dialects.session import SessionDialect
from millrace.model.errors import InvalidRequest, NotFound
from millrace.model.principal import Principal
from millrace.transports.connection import ConnectionOptions
from millrace.transports.feed import conversation

OPTIONS = ConnectionOptions(show_reasoning=True, snapshot=True, show_thoughts=True)


async def tab_of(bench: ChatBench, name: str, caller: Principal = ANA) -> Peer:
    session_id, shown = None, None
    with suppress(NotFound, InvalidRequest):
        session_id, _ = await bench.engine.access.named(name, caller)
        shown = conversation(bench.engine, caller, session_id)
    tab = bench.peer(caller, dialect=SessionDialect(name, session_id), shown=shown, options=OPTIONS)
    await tab.connection.open()
    return tab


async def test_a_new_conversation_and_all_its_tabs(bench: ChatBench) -> None:
    one, two = await tab_of(bench, "mine"), await tab_of(bench, "mine")
    elsewhere = await tab_of(bench, "other")
    await one.send({"content": "Why?"})
    call = await bench.provider.next_call()
    call.think("Hm.")
    call.say("Be", "cause")
    call.finish()
    for tab in (one, two):
        end = await tab.first("complete")
        assert tab.kinds == ["start", "thinking", "chunk", "chunk", "complete"]
        assert (end["full_content"], end["provider"], end["model"]) == ("Because", "scripted", "model")
    assert elsewhere.kinds == []
    (session,) = await bench.store.sessions("ana", limit=5)
    assert session.message_count == 2


async def test_one_who_comes_in_the_middle(bench: ChatBench) -> None:
    one = await tab_of(bench, "mine")
    await one.send({"content": "Why?"})
    call = await bench.provider.next_call()
    call.think("Hm.")
    call.say("One ", "two ")
    await one.got(lambda frame: frame.get("content") == "two ")
    late = await tab_of(bench, "mine")
    await late.first("chunk")
    call.say("three")
    call.finish()
    assert (await late.first("complete"))["full_content"] == "One two three"
    assert late.kinds == ["start", "chunk", "chunk", "complete"]
    assert [(chunk["content"], chunk["chunk_id"]) for chunk in late.frames[1:3]] == [("One two ", 0), ("three", 2)]


async def test_turns_that_others_start_in_any_dialect(bench: ChatBench) -> None:
    chat, tab = bench.peer(), await tab_of(bench, "mine")
    await tab.send({"content": "One?"})
    (await bench.provider.next_call()).finish()
    await tab.first("complete")
    _, call = await bench.ask(chat, "Two?", session_id=tab.frames[0]["session_id"])
    call.say("Two.")
    call.finish()
    end = await tab.got(lambda frame: frame.get("full_content") == "Two.")
    assert end["type"] == "complete"
    assert [frame["user_message"] for frame in tab.frames if frame["type"] == "start"] == ["One?", "Two?"]


async def test_a_lagging_tab_gets_one_turn_after_the_other(bench: ChatBench) -> None:
    tab = await tab_of(bench, "mine")
    tab.block()
    await tab.send({"content": "One?"})
    call = await bench.provider.next_call()
    await tab.send({"content": "Two?"})
    call.say("1")
    call.finish()
    call = await bench.provider.next_call()
    call.say("2")
    call.finish()
    await bench.until(lambda: bench.engine.status().running == 0)
    tab.unblock()
    await tab.got(lambda frame: frame.get("full_content") == "2")
    assert tab.kinds == ["start", "chunk", "complete"] * 2


async def test_a_stop(bench: ChatBench) -> None:
    tab = await tab_of(bench, "mine")
    await tab.send({"type": "stop"})
    assert tab.frames[-1]["code"] == "NOT_FOUND"
    await tab.send({"content": "Why?"})
    call = await bench.provider.next_call()
    call.say("Half")
    await tab.first("chunk")
    await tab.send({"type": "stop"})
    end = await tab.first("complete")
    assert (end["full_content"], end["finish_reason"]) == ("Half", "cancelled")
    await tab.send({"type": "stop"})
    assert tab.frames[-1]["code"] == "NO_ACTIVE_STREAM"
    await tab.send({"type": "ping"})
    assert tab.frames[-1].keys() == {"type", "timestamp"}


async def test_somebody_elses_conversation(bench: ChatBench) -> None:
    owner = await tab_of(bench, "main")
    await owner.send({"content": "Mine."})
    call = await bench.provider.next_call()
    stranger = await tab_of(bench, (await owner.first("start"))["session_id"], BEN)
    assert stranger.kinds == []
    await stranger.send({"content": "Let me in."})
    await stranger.send({"type": "stop"})
    assert [frame["code"] for frame in stranger.frames] == ["NOT_FOUND", "NOT_FOUND"]
    namesake = await tab_of(bench, "main", BEN)
    call.finish()
    await owner.first("complete")
    assert (stranger.kinds, namesake.kinds) == (["error", "error"], [])


async def test_an_id_that_is_none(bench: ChatBench) -> None:
    for session_id in ("\0", "x" * 201):
        tab = await tab_of(bench, session_id)
        await tab.send({"content": "Hi"})
        assert [frame["code"] for frame in tab.frames] == ["INVALID_REQUEST"]


async def test_the_same_request_after_a_reconnect_is_shown_and_not_run_again(bench: ChatBench) -> None:
    tab = await tab_of(bench, "mine")
    await tab.send({"content": "Why?", "request_id": "r"})
    call = await bench.provider.next_call()
    await tab.close()
    call.say("So.")
    call.finish()
    await bench.until(lambda: bench.engine.status().running == 0)
    back = await tab_of(bench, "mine")
    await back.send({"content": "Why?", "request_id": "r"})
    assert (await back.first("complete"))["full_content"] == "So."
    await back.send({"content": "Why?", "request_id": "r"})
    await back.send({"type": "ping"})
    assert back.kinds == ["start", "chunk", "complete", "pong"]


async def test_one_whose_sign_in_has_expired_is_shown_no_new_turns(bench: ChatBench) -> None:
    expired = msgspec.structs.replace(ANA, expires_at=1)
    owner, tab = await tab_of(bench, "mine"), await tab_of(bench, "mine", expired)
    await owner.send({"content": "Why?"})
    assert (await tab.first("error"))["code"] == "UNAUTHORIZED"
    (await bench.provider.next_call()).finish()
    await owner.first("complete")
    assert tab.kinds == ["error"]


async def test_keys_of_ones_own_are_refused_unless_the_server_takes_them(bench: ChatBench) -> None:
    tab = await tab_of(bench, "mine")
    await tab.send({"content": "Why?", "api_keys": {"scripted": "sk-mine"}})
    assert (tab.frames[-1]["code"], len(tab.frames)) == ("UNAUTHORIZED", 1)
    await tab.send({"content": "Why?", "api_keys": {"scripted": ""}})
    (await bench.provider.next_call()).finish()
    await tab.first("complete")
