"""What a model without reasoning of its own is asked: first for steps, then for the answer with those steps. Pure.

Both are said at the end of the question, so that the two prompts have all before it in common, which providers cache.
"""

from collections.abc import Sequence

from millrace.model.generation import PromptMessage, StepFound

_ASK = """Do not answer yet. First write down only the steps of your thinking about the question above.
Write three to eight steps, each on a line of its own and in this form:
kind: what you think in this step, in one to three sentences [confidence 0.0 to 1.0]
The kind is one of these: decomposition takes the question apart, exploration follows an idea or gathers facts, \
evaluation checks or compares what was found, synthesis brings it together.
Begin with decomposition and end with synthesis.
The confidence says how sure you are of this step. Use the language of the question. Write nothing else."""
_TELL = """You have thought about this question before, in these steps:
{steps}
Now answer it. Build on these steps, and depart from them where they are wrong. Do not repeat or mention them."""
_RULE = "\n\n---\n"


def asking_for_steps(messages: Sequence[PromptMessage]) -> tuple[PromptMessage, ...]:
    """The prompt, with the question followed by the request for steps."""
    return _with_question_followed_by(messages, _ASK)


def with_steps(messages: Sequence[PromptMessage], steps: Sequence[StepFound]) -> tuple[PromptMessage, ...]:
    """The prompt, with the question followed by the steps that were thought."""
    if not steps:
        return tuple(messages)
    lines = "\n".join(f"{number}. {_line(step)}" for number, step in enumerate(steps, 1))
    return _with_question_followed_by(messages, _TELL.format(steps=lines))


def asks_for_steps(question: str) -> bool:
    """Whether a question is one that `asking_for_steps` made."""
    return question.endswith(_RULE + _ASK)


def _line(step: StepFound) -> str:
    stated = "" if step.confidence is None else f" [confidence {step.confidence:.2g}]"
    return f"{step.kind}: {step.content}{stated}"


def _with_question_followed_by(messages: Sequence[PromptMessage], text: str) -> tuple[PromptMessage, ...]:
    at = max((index for index, message in enumerate(messages) if message.role == "user"), default=-1)
    if at < 0:
        return (*messages, PromptMessage("user", text))
    question = PromptMessage("user", f"{messages[at].content}{_RULE}{text}")
    return (*messages[:at], question, *messages[at + 1 :])
