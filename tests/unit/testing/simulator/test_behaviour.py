"""What a model name or a header may say."""

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.testing.simulator.behaviour import (
    Behaviour,
    BehaviourError,
    Fault,
    PrefillPolicy,
    ReasoningPlace,
    TextKind,
    UsagePlace,
    split_model,
)


def test_every_key_is_read() -> None:
    read = Behaviour.read(
        "tokens=200&text=markdown&seed=7&interval_ms=20&ttft_ms=50.5&chunk=10&reasoning=20&reasoning_place=parts"
        "&usage=every&prefill=refuse&overlap=3&fault=cut&after=9&stall_ms=100&retry_after=1.5&fail_times=2&key=k&split=7"
    )
    assert read.tokens == 200
    assert read.text is TextKind.MARKDOWN
    assert (read.seed, read.interval_ms, read.ttft_ms, read.chunk) == (7, 20.0, 50.5, 10)
    assert (read.reasoning, read.reasoning_place) == (20, ReasoningPlace.PARTS)
    assert read.usage is UsagePlace.EVERY
    assert (read.prefill, read.overlap) == ("refuse", 3)
    assert (read.fault, read.after, read.stall_ms) == (Fault.CUT, 9, 100.0)
    assert (read.retry_after, read.fail_times, read.key, read.split) == ("1.5", 2, "k", 7)


def test_nothing_said_is_the_default() -> None:
    assert Behaviour.read("", "  ") == Behaviour()


def test_the_later_text_wins_key_by_key() -> None:
    assert Behaviour.read("tokens=5&seed=2", "tokens=9") == Behaviour(tokens=9, seed=2)


@pytest.mark.parametrize("value", ["30", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "inf", "soon"])
def test_retry_after_is_taken_in_any_form(value: str) -> None:
    assert Behaviour.read(f"fault=429&retry_after={value}").retry_after == value


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("token=5", "token", "Did you mean 'tokens'?"),
        ("zzz=5", "zzz", "It knows: tokens, text"),
        ("tokens=many", "tokens", "tokens='many' does not fit"),
        ("tokens=-1", "tokens", ">= 0"),
        ("tokens=100001", "tokens", "<= 100000"),
        ("interval_ms=nan", "interval_ms", "interval_ms='nan'"),
        ("chunk=0", "chunk", ">= 1"),
        ("fault=explode", "fault", "use one of 401, 402"),
        ("text=poem", "text", "use one of prose, markdown, code, emoji, mixed, places, echo"),
        ("split=some", "split", "or random"),
        ("split=0", "split", "split='0'"),
        ("tokens=5&tokens=6", "tokens", "stands twice"),
        ("tokens", None, "key=value"),
        ("fail_times=1", "fail_times", "needs a key"),
        ("retry_after=a%0D%0Ab", "retry_after", "retry_after="),
    ],
)
def test_what_does_not_fit_is_named(text: str, key: str | None, words: str) -> None:
    with pytest.raises(BehaviourError) as caught:
        Behaviour.read(text)
    assert caught.value.key == key
    assert caught.value.code == "simulator_behaviour"
    assert words in str(caught.value)


@given(st.text())
def test_any_text_is_a_behaviour_or_an_error_of_our_own(text: str) -> None:
    with contextlib.suppress(BehaviourError):
        Behaviour.read(text)


def test_a_model_name_is_split_at_its_first_question_mark() -> None:
    assert split_model("sim?key=a?b") == ("sim", "key=a?b")
    assert split_model("gpt-4o") == ("gpt-4o", "")


def test_without_fault_keeps_the_rest() -> None:
    assert Behaviour(tokens=5, fault=Fault.CUT).without_fault() == Behaviour(tokens=5)


def test_the_documentation_names_every_key_and_every_fault() -> None:
    page = (Path(__file__).parents[4] / "docs" / "simulator.md").read_text(encoding="utf-8")
    keys = [field.name for field in msgspec.structs.fields(Behaviour)]
    words = [*keys, *Fault, *TextKind, *ReasoningPlace, *UsagePlace, *PrefillPolicy]
    assert [word for word in words if f"`{word}`" not in page] == []
