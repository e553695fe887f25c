import pytest

from millrace.dialects.openai_responses_request import (
    FACTS,
    ResponseFacts,
    decode_response,
    facts_of,
    response_id,
    turn_id_of,
    with_earlier,
)
from millrace.model.commands import StartTurn, TurnContext
from millrace.model.generation import PromptMessage
from millrace.model.messages import Turn


def turn(command: StartTurn) -> Turn:
    return Turn(
        id="t",
        session_id="s",
        user_id="u",
        user_message_id="q",
        message_id="a",
        command=command,
        model="p/m",
        created_at=9_999,
    )


def test_what_came_before_stands_between_the_instructions_and_the_input() -> None:
    call = decode_response(
        b'{"instructions": "Rhyme.", "previous_response_id": "resp_0", '
        b'"input": [{"role": "user", "content": "c"}, {"role": "user", "content": "d"}]}',
        7_123,
    )
    earlier = (PromptMessage("user", "a"), PromptMessage("assistant", "b"))
    command = with_earlier(call, earlier)
    assert [message.content for message in command.history or ()] == ["Rhyme.", "a", "b", "c"]
    assert command.message == "d"
    assert facts_of(turn(command)) == call.facts
    assert call.facts.created_at == 7


@pytest.mark.parametrize("extra", [None, {}, {FACTS: 5}, {FACTS: {"metadata": "x"}}, {FACTS: {"created_at": 0}}])
def test_a_turn_of_another_dialect_is_a_response_too(extra: dict[str, object] | None) -> None:
    command = StartTurn(message="x", context=TurnContext(extra=extra))
    assert facts_of(turn(command)) == ResponseFacts(created_at=9)


def test_a_response_and_its_turn_know_each_others_name() -> None:
    assert turn_id_of(response_id("t-1")) == "t-1"
