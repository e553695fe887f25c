"""Whether a turn thinks before it answers. Pure."""

from millrace.model.commands import StartTurn, ThinkingDecision
from millrace.model.generation import Capabilities
from millrace.ports import ThinkingChooser

_ASKED = "the request says so"
_WANTED = "the reasoning is to be seen"
_UNASKED = "nobody asked for more"
_CANNOT = "the model does not think"


def decided(
    command: StartTurn, model: Capabilities, chooser: ThinkingChooser | None, *, steps: bool = True
) -> ThinkingDecision:
    """The mode of a turn: what its request says; for `auto` what the chooser says of the question, if there is one.

    Args:
        command: What is asked.
        model: What the model can do.
        chooser: Looks at the question.
        steps: Whether models that do not think by themselves are asked for steps.
    """
    if command.thinking_mode != "auto":
        return ThinkingDecision(command.thinking_mode, _ASKED)
    if not (model.reasoning or (model.instructions and steps)):
        return ThinkingDecision("system1", _CANNOT)
    if chooser is not None:
        return chooser.choose(command.message, wanted=command.enable_reasoning)
    if command.enable_reasoning:
        return ThinkingDecision("system2", _WANTED)
    return ThinkingDecision("system1", _UNASKED)
