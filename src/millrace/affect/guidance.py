"""Puts a learner's state into a short instruction for the model. Pure."""

from string import Template

from millrace.affect.difficulty import UNKNOWN
from millrace.model.events import EmotionState

DEFAULT_TEMPLATE = (
    "An estimate from the learner's messages, which may be wrong: readiness to learn $readiness, cognitive load $load. "
    "$interventions Do not mention this estimate."
)
"""The instruction, where the settings name no other. `$difficulty` may stand in it too."""

_FIELDS = frozenset({"readiness", "load", "interventions", "difficulty"})


def checked_template(text: str) -> Template:
    """A template for instructions.

    Raises:
        ValueError: A placeholder is none of `$readiness`, `$load`, `$interventions` and `$difficulty`.
    """
    template = Template(text)
    if not template.is_valid():
        raise ValueError("The template has a stray dollar sign. Write $$ where a dollar sign is meant.")
    if unknown := sorted(set(template.get_identifiers()) - _FIELDS):
        known = ", ".join(f"${field}" for field in sorted(_FIELDS))
        raise ValueError(f"The template names ${unknown[0]}, which does not exist. There are {known}.")
    return template


def instruction(emotion: EmotionState, difficulty: float | None, template: Template) -> str:
    """What to tell the model; empty where the learner seems well and nothing is to be done differently.

    A difficulty of which nothing is known is told as `UNKNOWN`.
    """
    well = emotion.cognitive_load == "optimal" and emotion.learning_readiness in {"good", "optimal"}
    if well and not emotion.interventions:
        return ""
    filled = template.substitute(
        readiness=emotion.learning_readiness,
        load=emotion.cognitive_load,
        interventions=" ".join(emotion.interventions),
        difficulty=f"{UNKNOWN if difficulty is None else difficulty:.2f}",
    )
    return " ".join(filled.split())
