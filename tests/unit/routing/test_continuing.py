"""How a model is asked to go on."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from millrace.model.generation import GenerationRequest, PromptMessage
from millrace.routing.continuing import anchor_of, continued

ASKED = GenerationRequest(model="m", messages=(PromptMessage("user", "Why?"),), max_tokens=7)


def test_a_model_that_can_is_given_the_beginning() -> None:
    request = continued(ASKED, "Because ", prefill=True)
    assert request.messages == (*ASKED.messages, PromptMessage("assistant", "Because "))
    assert request.max_tokens == 7


def test_one_that_cannot_is_asked_to_repeat_the_last_words() -> None:
    said = "It is the light. " * 20 + "It scatters most where it is bl"
    request = continued(msgspec.structs.replace(ASKED, reasoning=True), said, prefill=False)
    assert not request.reasoning, "that was done before the answer began"
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert request.messages[1].content == said
    assert f"\n---\n{anchor_of(said)}\n---" in request.messages[2].content


@given(st.text(alphabet="ab \n", max_size=300) | st.text(max_size=300))
def test_the_anchor_is_the_end_of_the_text_and_no_longer_than_two_lines(said: str) -> None:
    anchor = anchor_of(said)
    assert said.rstrip().endswith(anchor)
    assert len(anchor) <= 120
    assert anchor or not said.strip()
    begin = len(said.rstrip()) - len(anchor)
    assert begin == 0 or said[begin - 1].isspace() or len(anchor) == 120, "it begins with a word"
