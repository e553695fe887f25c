import pytest

from millrace.dialects.openai_conversation import Part, Said, read_conversation
from millrace.dialects.openai_errors import BadParameter
from millrace.model.generation import PromptMessage


def test_the_question_is_last_and_parts_are_lines() -> None:
    conversation = read_conversation(
        [
            Said("developer", "Rhyme."),
            Said("assistant", [Part("output_text", "a"), Part("refusal", refusal="b")]),
            Said("assistant"),
            Said("user", [Part("input_text", "Why"), Part("text", "not?")]),
        ],
        "input",
    )
    assert conversation.history == (PromptMessage("system", "Rhyme."), PromptMessage("assistant", "a\nb"))
    assert conversation.question == "Why\nnot?"


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([], "input"),
        ([Said("assistant", "a")], "input"),
        ([Said("user")], "input"),
        ([Said("tool", "a"), Said("user", "a")], "input[0]"),
        ([Said("user", [Part("input_file")])], "input[0].content"),
        ([Said("user", [Part("refusal", text="a")])], "input[0].content"),
    ],
)
def test_what_is_wrong_is_named(messages: list[Said], param: str) -> None:
    with pytest.raises(BadParameter) as caught:
        read_conversation(messages, "input")
    assert caught.value.param == param
