"""What is another user's does not exist."""

import pytest
from tests.unit.engine.conftest import ANA, BEN, Bench

from millrace.engine.access import Access
from millrace.logs.memory_registry import MemoryRegistry
from millrace.model.errors import NoActiveStream, NotFound
from millrace.ops.clock import SystemClock


async def test_sessions_messages_and_turns_are_their_owners(bench: Bench) -> None:
    turn, call = await bench.ask()
    call.say("x")
    call.finish()
    await bench.entries(turn)
    access = Access(bench.store, bench.registry)
    answer = (await bench.store.messages(turn.session_id, limit=5))[1]
    assert (await access.session(turn.session_id, ANA)).id == turn.session_id
    assert (await access.message(answer.id, ANA)).id == answer.id
    assert (await access.turn(turn.id, ANA)).turn.id == turn.id
    for verb, id_ in [(access.session, turn.session_id), (access.message, answer.id)]:
        with pytest.raises(NotFound) as theirs:
            await verb(id_, BEN)
        with pytest.raises(NotFound) as nobodys:
            await verb("nothing", ANA)
        assert theirs.value.message == nobodys.value.message, "the answer does not tell whether it exists"
    for registry in (bench.registry, MemoryRegistry(SystemClock())):  # one that knows the turn, and one that forgot it
        with pytest.raises(NoActiveStream) as theirs_too:
            await Access(bench.store, registry).turn(turn.id, BEN)
        assert theirs_too.value.answer is None
    with pytest.raises(NoActiveStream) as over:
        await Access(bench.store, MemoryRegistry(SystemClock())).turn(turn.id, ANA)
    assert over.value.answer == answer


async def test_a_name_is_the_same_session_of_the_same_user_and_of_nobody_else(bench: Bench) -> None:
    access = Access(bench.store, bench.registry)
    id_, session = await access.named("main", ANA)
    assert session is None, "it begins with the first message"
    turn, call = await bench.ask(session_name="main")
    call.finish()
    await bench.entries(turn)
    assert turn.session_id == id_
    assert [(await access.named(name, ANA))[0] for name in ("main", id_)] == [id_, id_], "its id names it as well"
    assert (await access.named("main", BEN)) != (id_, None), "another user's name is another session"
    assert (await access.named("main", BEN))[1] is None
    with pytest.raises(NotFound):
        await access.named(id_, BEN)
