from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.engine.conftest import ANA, Bench

from millrace.engine.drafts import Drafts
from millrace.model.commands import StartTurn
from millrace.model.errors import Forbidden, InvalidRequest, NotFound


@pytest.fixture
def drafts(bench: Bench) -> Callable[..., Drafts]:
    engine = bench.engine
    return lambda: engine._drafts


async def test_a_draft_holds_all_that_a_turn_needs(drafts: Any) -> None:
    draft = await drafts().draft(StartTurn(message="Why?"), ANA)
    turn = draft.turn
    assert (draft.new_session, draft.api_key) == (True, None)
    assert (turn.user_id, turn.model, turn.command.message) == ("ana", "scripted/model", "Why?")
    assert len({turn.id, turn.session_id, turn.message_id, turn.user_message_id}) == 4


async def test_a_session_must_be_there_unless_it_is_named(drafts: Any) -> None:
    with pytest.raises(NotFound):
        await drafts().draft(StartTurn(message="Hi", session_id="mine"), ANA)
    draft = await drafts().draft(StartTurn(message="Hi", session_name="mine"), ANA)
    assert draft.new_session


@pytest.mark.parametrize("keys", [{"api_key": "sk-mine"}, {"api_keys": {"scripted": "sk-mine"}}])
async def test_keys_are_refused_where_the_server_takes_none(drafts: Any, keys: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        await drafts().draft(StartTurn(message="Hi", **keys), ANA)


@pytest.mark.parametrize("key", ["", "sk mine", "sk-mine\r\nX-Other: 1", "sk-mïne", "x" * 1001])
async def test_what_fits_into_no_header_is_no_key(make_bench: Any, key: str) -> None:
    bench = await make_bench(caller_api_keys=True)
    with pytest.raises(InvalidRequest) as refused:
        await bench.engine._drafts.draft(StartTurn(message="Hi", api_key=key), ANA)
    assert "mine" not in refused.value.message
