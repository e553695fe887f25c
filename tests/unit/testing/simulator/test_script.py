"""Which tokens an answer has, and why it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.testing.simulator import expected_reasoning, expected_text, expected_tokens
from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import DEFAULT_TOKENS, Behaviour, BehaviourError
from millrace.testing.simulator.script import Script, compose, continuation
from millrace.testing.simulator.text import Library, Token, tokenize


def script(
    behaviour: str,
    *,
    user_text: str = "",
    prefill: str | None = None,
    partial: str | None = None,
    max_tokens: int | None = None,
) -> Script:
    ask = Ask(model="sim", user_text=user_text, prefill=prefill, partial=partial, max_tokens=max_tokens)
    return compose(Library(), Behaviour.read(behaviour), ask)


def joined(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens)


def test_the_whole_answer_is_the_expected_one() -> None:
    answer = script("tokens=30&seed=4&reasoning=7")
    assert tuple(token.text for token in answer.text) == expected_tokens("sim?tokens=30&seed=4")
    assert joined(answer.reasoning) == expected_reasoning("sim?reasoning=7&seed=4")
    assert (answer.length, answer.finish) == (37, "stop")
    assert expected_text("sim?tokens=30&seed=4") == expected_text(Behaviour(tokens=30, seed=4))


def test_lengths() -> None:
    assert len(expected_tokens("sim")) == DEFAULT_TOKENS
    assert expected_tokens("sim?tokens=0") == ()
    assert expected_reasoning("sim") == ""
    with pytest.raises(BehaviourError):
        expected_tokens("sim?token=1")


@given(st.text())
def test_an_echo_is_what_the_user_said(said: str) -> None:
    assert joined(script("text=echo", user_text=said).text) == said == expected_text("sim?text=echo", user=said)


def test_an_echo_can_be_shortened() -> None:
    assert expected_text("sim?text=echo&tokens=2", user="one two three") == "one two"


@pytest.mark.parametrize(
    ("limit", "reasoning", "text", "finish"),
    [(4, 4, 0, "length"), (8, 5, 3, "length"), (15, 5, 10, "stop"), (99, 5, 10, "stop")],
)
def test_the_callers_limit_counts_reasoning(limit: int, reasoning: int, text: int, finish: str) -> None:
    answer = script("tokens=10&reasoning=5", max_tokens=limit)
    assert (len(answer.reasoning), len(answer.text), answer.finish) == (reasoning, text, finish)


def test_the_content_filter_can_come_late() -> None:
    answer = script("tokens=10&fault=content_filter&after=4")
    assert (len(answer.text), answer.finish) == (4, "content_filter")


@given(st.integers(0, 60), st.integers(0, 1_000_000))
def test_a_prefilled_answer_goes_on_at_any_character(tokens: int, at: int) -> None:
    whole = expected_text(f"sim?text=emoji&tokens={tokens}")
    said = whole[: at % (len(whole) + 1)]
    assert said + joined(script(f"text=emoji&tokens={tokens}", prefill=said).text) == whole


def test_a_prefill_of_another_text_is_nobodys_beginning() -> None:
    whole = script("tokens=20").text
    assert script("tokens=20", prefill="Once upon a time").text == whole
    assert script("tokens=20", prefill=whole[0].text + "§").text == whole
    assert script("tokens=20", prefill=joined(whole) + " and more").text == []


def test_prefill_policies() -> None:
    whole = script("tokens=20").text
    assert script("tokens=20&prefill=ignore", prefill=whole[0].text).text == whole
    with pytest.raises(AskError, match="does not support assistant message prefill"):
        script("tokens=20&prefill=refuse", prefill="x")
    assert script("tokens=20&prefill=refuse").text == whole


def test_a_partial_answer_is_continued_with_an_overlap_only_when_asked() -> None:
    whole = script("tokens=20").text
    partial = joined(whole[:8])
    assert script("tokens=20", partial=partial).text == whole
    assert script("tokens=20&overlap=0", partial=partial).text == whole[8:]
    assert script("tokens=20&overlap=3", partial=partial).text == whole[5:]
    assert script("tokens=20&overlap=30", partial=partial).text == whole


def test_continuation_cuts_a_token() -> None:
    assert [token.text for token in continuation(tokenize("quiet river"), "quiet ri")] == ["ver"]
