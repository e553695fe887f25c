"""Where a question asks for steps, a simulated model writes some, which can be known in advance."""

import pytest

from millrace.model.generation import PromptMessage
from millrace.testing.simulator import expected_steps, expected_text
from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.script import compose
from millrace.testing.simulator.steps import step_list
from millrace.testing.simulator.text import Library
from millrace.thinking.lines import StepLines
from millrace.thinking.prompts import asking_for_steps

ASKED = asking_for_steps((PromptMessage("user", "Why?"),))[-1].content


def said(behaviour: str, question: str = ASKED) -> str:
    script = compose(Library(), Behaviour.read(behaviour), Ask(model="sim", user_text=question))
    return "".join(token.text for token in script.text)


@pytest.mark.parametrize("behaviour", ["steps=1", "steps=2", "steps=5&seed=3", "steps=14&confidence=false&tokens=3"])
def test_steps_are_in_the_form_that_is_asked_for(behaviour: str) -> None:
    reader = StepLines()
    steps = tuple(reader.feed(said(behaviour)) + reader.finish())
    assert steps == expected_steps(f"sim?{behaviour}")
    assert steps[-1].kind == "synthesis"
    assert all((step.confidence is None) is ("confidence" in behaviour) for step in steps)


def test_kinds() -> None:
    kinds = [step.kind for step in step_list(Behaviour(steps=5))]
    assert kinds == ["decomposition", "exploration", "exploration", "evaluation", "synthesis"]


def test_a_model_that_does_not_understand_answers() -> None:
    assert said("steps=0&tokens=9") == said("tokens=9", "Why?") == expected_text("sim?tokens=9")
