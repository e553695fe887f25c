"""What is read out of a conversation."""

from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.wires.conversation import Said, with_conversation


def test_a_question_a_partial_answer_and_a_beginning() -> None:
    said = [Said("system", "x"), Said("user", "a"), Said("assistant", "b"), Said("user", "c d"), Said("assistant", "e")]
    ask = with_conversation(Ask(model="m", stream=True), said)
    assert ask == Ask(model="m", stream=True, user_text="c d", partial="b", prefill="e", prompt_tokens=6)


def test_nothing_said() -> None:
    assert with_conversation(Ask(model="m"), []) == Ask(model="m")
