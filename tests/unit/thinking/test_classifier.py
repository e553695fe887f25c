"""Questions that gain from thinking are told from those that do not, and it is said what told them apart."""

import json
import time
from pathlib import Path

import pytest

from millrace.thinking.classifier import CueClassifier, likelihood

QUESTIONS = json.loads((Path(__file__).parents[2] / "vectors" / "thinking_questions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("part", "least"), [("tuning", 0.97), ("held_out", 0.95), ("elsewhere", 0.95)])
def test_how_often_it_is_right(part: str, least: float) -> None:
    wrong = [
        (mode, question)
        for mode, questions in QUESTIONS[part].items()
        for question in questions
        if CueClassifier().choose(question, wanted=False).mode != mode
    ]
    total = sum(len(questions) for questions in QUESTIONS[part].values())
    assert 1 - len(wrong) / total >= least, wrong


@pytest.mark.parametrize(
    ("question", "mode", "reason"),
    [
        ("Prove that 7 is prime.", "system2", "the question asks for a proof or a derivation"),
        ("Hello!", "system1", "the question is small talk"),
        ("What is the capital of Peru?", "system1", "the question asks for a fact"),
        ("Tea is warm and green today", "system1", "nothing in the question asks for thinking"),
    ],
)
def test_it_says_why(question: str, mode: str, reason: str) -> None:
    decision = CueClassifier().choose(question, wanted=False)
    assert (decision.mode, decision.reason) == (mode, reason)


def test_thinking_that_is_to_be_seen_is_done_for_all_that_nothing_speaks_against() -> None:
    chooser = CueClassifier()
    plain = "Tell us how rainbows come about"
    assert chooser.choose(plain, wanted=False).mode == "system1"
    assert chooser.choose(plain, wanted=True).mode == "system2"
    assert chooser.choose(plain, wanted=True).reason == "the reasoning is to be seen"
    for simple in ("Hi", "What is the capital of Peru?", "Translate 'cat' into French, please."):
        assert chooser.choose(simple, wanted=True).mode == "system1"


def test_what_is_asked_at_the_end_of_a_long_text_is_seen() -> None:
    assert likelihood("The river rose. " * 500) < 0.5
    assert likelihood("The river rose. " * 500 + "Analyze the causes and weigh them.") > 0.5


@pytest.mark.parametrize(
    "piece", ["1", "1.1,", "how many ", "?a", " ", "should the ", "what is a ", "3x ", "a^", "(", "é"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    began = time.process_time()
    CueClassifier().choose(text, wanted=False)
    assert time.process_time() - began < 0.05
