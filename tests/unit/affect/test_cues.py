import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.affect.cues import Cues, cues_of, feedback_of


@pytest.mark.parametrize(
    "text",
    [
        "I'm so confused",
        "I don\u2019t get it",
        "You lost me there",
        "That makes no sense",
        "I still don't understand why",
    ],
)
def test_who_says_so_is_confused(text: str) -> None:
    assert cues_of(text).confused


@pytest.mark.parametrize(
    "text", ["I'm not confused", "I am never lost", "Nothing about it is confusing", "I understand"]
)
def test_who_denies_it_is_not(text: str) -> None:
    assert not cues_of(text).confused


def test_a_negation_reaches_no_further_than_its_clause() -> None:
    assert cues_of("No, I'm confused").confused
    assert cues_of("I do not mind but I'm confused").confused


@pytest.mark.parametrize(
    "text", ["Oh, now I get it!", "Ah I see", "That makes sense", "It finally clicked", "So that's why"]
)
def test_what_became_clear(text: str) -> None:
    assert cues_of(text).resolved
    assert not cues_of(text).confused


def test_what_did_not_become_clear() -> None:
    assert not cues_of("I don't think that makes sense").resolved
    assert not cues_of("I never got it").resolved


def test_boredom_and_overload() -> None:
    assert cues_of("this is boring, I already know this").bored
    assert not cues_of("this is not boring").bored
    assert cues_of("Slow down, this is too much for me").overload == 1.0
    assert cues_of("that was hard to follow").overload == 0.5
    assert cues_of("what is operator overloading with too many arguments?").overload == 0.0


def test_frustration_and_worry() -> None:
    assert cues_of("I'm so frustrated, I give up").frustrated
    assert not cues_of("I won't give up").frustrated
    assert cues_of("I'm worried about the exam").anxious
    assert not cues_of("I'm not nervous at all").anxious


def test_errors_count_in_prose_and_in_traces_but_calm_words_do_not() -> None:
    assert cues_of("it still doesn't work").error
    assert cues_of("```\nTraceback (most recent call last):\nValueError: x\n```").error
    assert cues_of("I keep getting it wrong").error
    assert not cues_of("don't get me wrong").error
    assert not cues_of("it works without errors").error
    assert not cues_of("how does it work?").error


def test_hesitations_and_negations_per_word() -> None:
    assert cues_of("um, idk... maybe not").hedging == 1.0
    assert cues_of("the cat sat on the mat").hedging == 0.0
    assert cues_of("I do not know about the cat there").hedging == pytest.approx(1 / 8)


def test_questions_and_lengths_are_of_the_prose() -> None:
    assert cues_of("why? `a ? b : c`") == Cues(words=1, question=True)
    assert cues_of("```\nwhat?\n```").words == 0
    assert cues_of("") == Cues()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("Exactly! You divide by h.", 1),
        ("**Well done.** Now", 1),
        ("Not quite: look again", -1),
        ("Almost. The sign is wrong", -1),
        ("A derivative is a slope, which is correct for lines.", 0),
        ("", 0),
    ],
)
def test_feedback_stands_at_the_beginning(answer: str, says: int) -> None:
    assert feedback_of(answer) == says


@given(st.text())
def test_any_text_has_cues(text: str) -> None:
    cues = cues_of(text)
    assert 0.0 <= cues.hedging <= 1.0
    assert feedback_of(text) in {-1, 0, 1}
