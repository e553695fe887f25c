"""The steps of thinking that a simulated model writes where a question asks for them. Pure."""

from typing import Final

from millrace.model.events import ReasoningKind
from millrace.model.generation import StepFound
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.text import sentences

_FIRST: Final[ReasoningKind] = "decomposition"
_LAST: Final[tuple[ReasoningKind, ...]] = ("evaluation", "synthesis")


def step_list(behaviour: Behaviour) -> tuple[StepFound, ...]:
    """The steps: one takes the question apart, the last two evaluate and conclude, those between explore."""
    count = behaviour.steps
    middle: list[ReasoningKind] = ["exploration"] * max(0, count - 3)
    kinds = [_FIRST, *middle, *_LAST[-max(0, count - 1) :]][:count] if count > 1 else [_LAST[-1]] * count
    return tuple(
        StepFound(kind, said, round(0.95 - 0.05 * (number % 10), 2) if behaviour.confidence else None)
        for number, (kind, said) in enumerate(zip(kinds, sentences(behaviour.seed, count), strict=True))
    )


def steps_text(behaviour: Behaviour) -> str:
    """The steps in Millrace's line format."""
    return "\n".join(
        f"{step.kind}: {step.content}{'' if step.confidence is None else f' [confidence {step.confidence}]'}"
        for step in step_list(behaviour)
    )
