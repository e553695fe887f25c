"""What is asked stands at the end of the question, and nothing before it changes."""

from millrace.model.generation import PromptMessage, StepFound
from millrace.thinking.lines import StepLines
from millrace.thinking.prompts import asking_for_steps, asks_for_steps, with_steps

PROMPT = (
    PromptMessage("system", "Be brief."),
    PromptMessage("user", "Hi"),
    PromptMessage("assistant", "Hello"),
    PromptMessage("user", "Why?"),
)
STEPS = (StepFound("decomposition", "Take it apart.", 0.85), StepFound("synthesis", "So."))


def test_steps_are_asked_for_behind_the_question() -> None:
    asked = asking_for_steps(PROMPT)
    assert asked[:-1] == PROMPT[:-1]
    assert asked[-1].role == "user"
    assert asked[-1].content.startswith("Why?\n\n---\n")
    assert asks_for_steps(asked[-1].content)
    assert not asks_for_steps("Why?")


def test_steps_are_told_behind_the_question_in_the_form_they_came_in() -> None:
    told = with_steps(PROMPT, STEPS)
    assert told[:-1] == PROMPT[:-1]
    assert told[-1].content.startswith("Why?\n\n---\n")
    lines = told[-1].content.split("\n")
    reader = StepLines()
    assert tuple(reader.feed("\n".join(line for line in lines if line[:2] in {"1.", "2."})) + reader.finish()) == STEPS
    assert not asks_for_steps(told[-1].content)
    assert with_steps(PROMPT, ()) == PROMPT


def test_the_question_of_an_answer_that_is_continued_is_the_one_before_it() -> None:
    begun = (*PROMPT, PromptMessage("assistant", "Because"))
    told = with_steps(begun, STEPS)
    assert told[-1] == begun[-1]
    assert "Take it apart." in told[-2].content


def test_a_prompt_without_a_question() -> None:
    assert asking_for_steps(())[0].role == "user"
