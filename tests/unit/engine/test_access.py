"""What is another user's does not exist."""

import pytest
from tests.unit.engine.conftest import ANA, BEN, Bench

from millrace.engine.access import Access
from millrace.model.errors import NoActiveStream, NotFound


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
    with pytest.raises(NoActiveStream):
        await access.turn(turn.id, BEN)
