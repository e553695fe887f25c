"""Thinking is cut into the same steps whatever way it arrives."""

from hypothesis import given
from hypothesis import strategies as st

from millrace.model.events import ReasoningStep
from millrace.stream.reasoning import StepCutter

THINKING = st.lists(
    st.sampled_from(
        ["First, look.", "\n", "\n\n", " \n \n", "  ", "Wait, check.", "x" * 700, "So the answer is 4.", "é😀"]
    ),
    max_size=25,
).map("".join)


def steps_of(pieces: list[str]) -> list[ReasoningStep]:
    cutter = StepCutter()
    return [step for piece in pieces for step in cutter.feed(piece)] + cutter.finish()


@given(THINKING, st.integers(1, 50))
def test_any_cut_gives_the_same_steps(text: str, size: int) -> None:
    whole = steps_of([text])
    assert steps_of([text[i : i + size] for i in range(0, len(text), size)]) == whole
    assert steps_of(list(text)) == whole
    assert [step.number for step in whole] == list(range(1, len(whole) + 1))
    assert "".join("".join(step.content for step in whole).split()) == "".join(text.split())


def test_paragraphs_are_steps_and_their_words_say_of_what_kind() -> None:
    steps = steps_of(["The user asks for 2+2.\n\nAdd two ", "and two.\n\nWait, is that right?\n\nTherefore 4."])
    assert [(step.kind, step.content) for step in steps] == [
        ("decomposition", "The user asks for 2+2."),
        ("exploration", "Add two and two."),
        ("evaluation", "Wait, is that right?"),
        ("synthesis", "Therefore 4."),
    ]
    assert all(step.confidence is None for step in steps), "a confidence that nobody stated is not made up"


def test_silence_has_no_steps() -> None:
    assert steps_of(["", " \n\n ", ""]) == []
