"""What a continuation repeats is left out, whatever way it is cut; what is no repetition is never touched."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from millrace.routing.continuing import anchor_of
from millrace.routing.overlap import OverlapTrimmer
from millrace.testing.simulator.script import expected_text, expected_tokens

TEXT = expected_text("sim?text=mixed&tokens=300&seed=4")


def cut(text: str, sizes: list[int]) -> Iterator[str]:
    at = 0
    for size in sizes:
        yield text[at : at + size]
        at += size
    yield text[at:]


def trimmed(said: str, continuation: str, sizes: list[int] | None = None, anchor: str | None = None) -> str:
    trimmer = OverlapTrimmer(said, anchor_of(said) if anchor is None else anchor)
    passed = "".join(trimmer.feed(piece) for piece in cut(continuation, sizes or []) if piece) + trimmer.finish()
    assert trimmer.removed == len(continuation) - len(passed)
    return passed


SIZES = st.lists(st.integers(0, 30), max_size=80)


@given(st.integers(0, len(TEXT)), st.integers(12, 400), SIZES)
def test_a_text_that_goes_on_from_some_words_before_its_end(at: int, before: int, sizes: list[int]) -> None:
    said = TEXT[:at]
    begin = max(0, at - before)
    if len("".join(TEXT[begin:at].split())) >= 12 or begin == 0:
        assert trimmed(said, TEXT[begin:], sizes) == TEXT[at:]


@given(st.integers(1, len(TEXT)), SIZES)
def test_the_answer_from_its_beginning_and_from_the_anchor(at: int, sizes: list[int]) -> None:
    said = TEXT[:at]
    assert trimmed(said, TEXT, sizes) == TEXT[at:]
    anchor = anchor_of(said)
    end = len(said.rstrip())
    assert trimmed(said, TEXT[end - len(anchor) :], sizes) == TEXT[at:]


@pytest.mark.parametrize("kind", ["prose", "markdown", "code", "emoji", "mixed"])
@pytest.mark.parametrize("overlap", [8, 20])
def test_every_seam_of_the_simulators_texts(kind: str, overlap: int) -> None:
    tokens = expected_tokens(f"sim?text={kind}&tokens=150&seed=2")
    whole = "".join(tokens)
    for count in range(1, 150):
        said = "".join(tokens[:count])
        assert trimmed(said, "".join(tokens[max(0, count - overlap) :])) == whole[len(said) :]


@pytest.mark.parametrize("kind", ["prose", "code", "mixed"])
def test_every_seam_without_an_overlap(kind: str) -> None:
    tokens = expected_tokens(f"sim?text={kind}&tokens=150&seed=2")
    for count in range(150):
        rest = "".join(tokens[count:])
        assert trimmed("".join(tokens[:count]), rest) == rest


@given(st.text(max_size=80), st.text(max_size=80), SIZES)
@example("a b ", " b c", [])
@example("xy", "xyxy", [1, 1])
def test_only_what_the_text_ended_with_is_ever_left_out(said: str, continuation: str, sizes: list[int]) -> None:
    passed = trimmed(said, continuation, sizes)
    squeezed, kept = "".join(continuation.split()), "".join(passed.split())
    assert squeezed.endswith(kept)
    left_out = squeezed[: len(squeezed) - len(kept)]
    assert "".join(said.split()).endswith(left_out)
    if not left_out:
        assert passed == continuation
    assert trimmed(said, continuation) == passed, "however it is cut"


@given(st.integers(1, len(TEXT) - 1), SIZES)
def test_a_text_that_just_goes_on_is_passed_through(at: int, sizes: list[int]) -> None:
    said, rest = TEXT[:at], "Quite another text follows, which repeats nothing at all."
    assert trimmed(said, rest, sizes) == rest


@pytest.mark.parametrize(
    ("said", "continuation", "passed"),
    [
        ("He saw the cat", " cat run.", " run."),
        ("He saw the cat", "cat run.", " run."),
        ("He saw the cat", " caterpillar run.", " caterpillar run."),
        ("He saw the cat", "s run.", "s run."),
        ("A beautiful", "ful day", " day"),
        ("A beautiful", " ful day", " ful day"),
        ("It should be", " better", " better"),
        ("It should be", " be good", " good"),
        ("What an enorm", " enormous cat", "ous cat"),
        ("| :--- |", " :--- | -", " -"),
        ("| --- |", " --- | -", " --- | -"),
        ("It is 199", "99 that", "99 that"),
        ("One.", ". Two", ". Two"),
        ("wo", "rd goes on", "rd goes on"),
        ("A line.\n\n", "A line. And more", "And more"),
        ("A line.\n\n", "A line.\n\nAnd more", "And more"),
        ("A line.\n", "A line.\n\nAnd more", "\nAnd more"),
        ("The quick brown fox", "  \nquick brown fox jumps", " jumps"),
        ("", "Hello", "Hello"),
        ("Hello", "", ""),
    ],
)
def test_what_models_do(said: str, continuation: str, passed: str) -> None:
    anchor = "no such words" if len(said) < 60 else None
    assert trimmed(said, continuation, anchor=anchor) == passed
    assert trimmed(said, continuation, [1] * len(continuation), anchor=anchor) == passed


def test_nothing_is_held_back_without_a_reason() -> None:
    trimmer = OverlapTrimmer("The river turns the wheel.", "turns the wheel.")
    assert trimmer.feed(" turns the") == ""
    assert trimmer.feed(" wheel.") == ""
    assert trimmer.feed(" And") == " And"
    assert trimmer.feed(" turns the wheel.") == " turns the wheel."
    trimmer = OverlapTrimmer("The river turns the wheel.", "turns the wheel.")
    assert trimmer.feed(" It") == " It"
