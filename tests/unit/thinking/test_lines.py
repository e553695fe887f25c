"""Steps are read out of lines however they are cut and however freely the model took the format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model.generation import StepFound
from millrace.thinking.lines import MAX_STEP_CHARS, MAX_STEPS, StepLines

TEXT = st.lists(
    st.sampled_from(
        ["decomposition: ", "Step 2: Exploration\n", "**Evaluation** (0.7): ", "synthesis - ", "[synthesis] ", "Look. ",
         "[confidence 0.8]", "Confidence: 4/5", "[90%]", "(0.5)", "[1]", "\n", "\n\n", "- ", "3. ", "```\n",
         "exploration of caves ", "confidence", "conclusion", " ", "x" * 500, "é😀"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


def steps_of(pieces: list[str]) -> list[StepFound]:
    reader = StepLines()
    return [step for piece in pieces for step in reader.feed(piece)] + reader.finish()


@given(TEXT, st.integers(1, 40))
def test_any_cut_gives_the_same_steps(text: str, size: int) -> None:
    whole = steps_of([text])
    assert steps_of([text[at : at + size] for at in range(0, len(text), size)]) == whole
    assert steps_of(list(text)) == whole
    for step in whole:
        assert step.content.strip()
        assert step.confidence is None or 0 <= step.confidence <= 1


def test_the_format_as_it_is_asked_for() -> None:
    reader = StepLines()
    assert reader.feed("decomposition: Two parts, ") == []
    assert reader.feed("price and time. [confidence 0.9]") == []
    assert reader.feed("\nexpl") == [StepFound("decomposition", "Two parts, price and time.", 0.9)]
    assert reader.feed("oration: The price is 3. [confidence 0.75]\n") == [
        StepFound("exploration", "The price is 3.", 0.75)
    ]
    assert reader.feed("synthesis: So 6. [confidence 1.0]") == []
    assert reader.finish() == [StepFound("synthesis", "So 6.", 1.0)]
    assert reader.finish() == []


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (
            "Sure! My steps:\n\n1. **Decomposition:** Two parts (confidence: 0.8)\n"
            "2. **Exploration** (0.7): Look.\n   More.\n",
            [("decomposition", "Two parts", 0.8), ("exploration", "Look.\nMore.", 0.7)],
        ),
        (
            "### Step 1: Decomposition\nThe parts.\nConfidence: 90 %\n### Step 2: Synthesis\nSo.",
            [("decomposition", "The parts.", 0.9), ("synthesis", "So.", None)],
        ),
        ("[evaluation] (0.5) Good\n* Conclusion: bye", [("evaluation", "Good", 0.5), ("synthesis", "bye", None)]),
        ("3) EVALUATION - check it. Confidence: 4/5", [("evaluation", "check it.", 0.8)]),
        ("```\ndecomposition: x [confidence 0.3]\n```", [("decomposition", "x", 0.3)]),
        ("exploration:\n\nFirst.\n\nSecond. [0.5]\nNot a step.", [("exploration", "First.\n\nSecond.", 0.5)]),
        ("decomposition: \nsynthesis: ", []),
        ("", []),
    ],
)  # fmt: skip
def test_forms_that_models_choose(text: str, steps: list[tuple[str, str, float | None]]) -> None:
    found = steps_of([text])
    assert [(step.kind, step.content, step.confidence) for step in found] == [
        (kind, content, None if confidence is None else pytest.approx(confidence))
        for kind, content, confidence in steps
    ]


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ("exploration: It is in source [1]", "It is in source [1]"),
        ("exploration (2): The second one (2)", "The second one (2)"),
        ("exploration: Sure. [confidence high]", "Sure."),
        ("exploration: Sure. [confidence 1.5]", "Sure."),
        ("exploration: f(x) = (0.5)", "f(x) = (0.5)"),
        ("exploration: The share rose (80%)", "The share rose (80%)"),
        ("exploration: a wide confidence interval of 95%", "a wide confidence interval of 95%"),
        ("exploration: our confidence is low in general", "our confidence is low in general"),
    ],
)
def test_a_confidence_that_nobody_stated_is_none(line: str, content: str) -> None:
    [step] = steps_of([line])
    assert step.confidence is None
    assert step.content == content


def test_a_text_without_steps_is_cut_at_its_paragraphs() -> None:
    assert [
        (step.kind, step.content) for step in steps_of(["The question is simple.\n\nWait, is it?\n\nTherefore 4."])
    ] == [
        ("decomposition", "The question is simple."),
        ("evaluation", "Wait, is it?"),
        ("synthesis", "Therefore 4."),
    ]


def test_words_within_a_sentence_begin_no_step() -> None:
    [step] = steps_of(["evaluation: The\nexploration of caves, and the\n(synthesis of it) go on"])
    assert step.content == "The\nexploration of caves, and the\n(synthesis of it) go on"


def test_probabilities_stand_in_for_a_confidence_that_was_not_stated() -> None:
    reader = StepLines()
    found = []
    for text, probability in (("decom", 1.0), ("position:", 0.9), (" Two", 0.5), ("\n", 0.6), ("synthesis: So", 0.4)):
        found += reader.feed(text, (probability,))
    found += reader.feed(" [confidence 0.9]", (0.1, 0.1))
    found += reader.finish()
    assert [(step.content, step.confidence) for step in found] == [("Two", pytest.approx(0.75)), ("So", 0.9)]


def test_a_piece_over_several_steps_says_nothing_of_either() -> None:
    reader = StepLines()
    assert [
        step.confidence for step in reader.feed("decomposition: a\nsynthesis: b\n", (0.5, 0.5)) + reader.finish()
    ] == [
        None,
        None,
    ]


def test_what_never_ends_is_bounded() -> None:
    assert len(steps_of(["exploration: x [0.5]\n" * 100])) == MAX_STEPS
    [step] = steps_of(["exploration: " + "x" * 10_000])
    assert len(step.content) == MAX_STEP_CHARS
