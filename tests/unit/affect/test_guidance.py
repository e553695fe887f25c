import pytest

from millrace.affect.guidance import DEFAULT_TEMPLATE, checked_template, instruction
from millrace.model.events import EmotionState

CALM = EmotionState("neutral", 0.1, "good", "optimal")
UPSET = EmotionState("annoyance", 0.9, "moderate", "high", ("Do this.", "Do that."))


def test_the_template_is_filled() -> None:
    template = checked_template("[$readiness/$load] $interventions\n at $difficulty for $$1")
    assert instruction(UPSET, 0.25, template) == "[moderate/high] Do this. Do that. at 0.25 for $1"


def test_the_default_says_what_to_do_and_that_it_may_be_wrong() -> None:
    told = instruction(UPSET, 0.5, checked_template(DEFAULT_TEMPLATE))
    assert "moderate" in told
    assert "Do this. Do that." in told
    assert "may be wrong" in told
    assert "Do not mention" in told
    assert len(told) < 400


def test_of_a_learner_who_is_well_nothing_is_said() -> None:
    assert instruction(CALM, 0.5, checked_template(DEFAULT_TEMPLATE)) == ""


@pytest.mark.parametrize(
    ("text", "reason"), [("$mood", r"\$mood, which does not exist"), ("costs $ 5", "stray dollar")]
)
def test_a_template_with_a_mistake_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        checked_template(text)
