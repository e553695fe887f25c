"""Puts the prompt of a turn together. Pure."""

from collections.abc import Sequence

from millrace.model.commands import TurnContext
from millrace.model.events import Passage
from millrace.model.generation import PromptMessage
from millrace.model.learner import LearnerState
from millrace.model.messages import EMOTION_STATE, Message, Turn

_CITE = (
    "Answer from the numbered passages below where they hold the answer, and mark each statement taken from one "
    "with its number in square brackets, like [1]. Say so if they do not hold it."
)


def conversation(turn: Turn, history: Sequence[Message]) -> tuple[PromptMessage, ...]:
    """What was said before a turn's question.

    Args:
        turn: The turn to answer.
        history: The session's stored messages, oldest first; for a regeneration the answer itself and what
            came after it are left out. Not looked at where the turn's command tells the conversation itself.
    """
    told = turn.command.history
    if told is not None:
        return tuple(message for message in told if message.content)
    said: list[PromptMessage] = []
    for message in history:
        if message.id in (turn.user_message_id, turn.message_id):
            break
        if message.version.content:
            said.append(PromptMessage(message.role, message.version.content))
    return tuple(said)


def observed(turn: Turn, history: Sequence[Message]) -> tuple[PromptMessage, ...]:
    """The part of `conversation` that may be looked at to see how the learner fares.

    What a learner wrote while that was switched off was not looked at, and is not looked at later either: of the
    session's messages, those count that stand with an estimate, and the answers to them.
    """
    if turn.command.history is not None:
        return conversation(turn, history)
    kept: list[Message] = []
    counts = False
    for message in history:
        if message.role == "user":
            counts = EMOTION_STATE in (message.version.metadata or {})
        if counts or message.id in (turn.user_message_id, turn.message_id):
            kept.append(message)
    return conversation(turn, kept)


def build_prompt(
    turn: Turn,
    said: Sequence[PromptMessage],
    *,
    system_prompt: str = "",
    passages: Sequence[Passage] = (),
    learner: LearnerState | None = None,
) -> tuple[PromptMessage, ...]:
    """The messages to send to the model.

    Args:
        turn: The turn to answer.
        said: What was said before (`conversation`).
        system_prompt: What stands before every conversation.
        passages: What retrieval found.
        learner: How the learner is doing, where that is to change the answer.
    """
    messages: list[PromptMessage] = []
    system = _system(system_prompt, turn.command.context, passages, learner)
    if system:
        messages.append(PromptMessage("system", system))
    messages.extend(said)
    messages.append(PromptMessage("user", turn.command.message))
    return tuple(messages)


def aimed_difficulty(context: TurnContext, learner: LearnerState | None) -> float | None:
    """How hard the answer should be: as the request says, else as the conversation's course suggests, if it does."""
    if context.difficulty is not None or learner is None:
        return context.difficulty
    return learner.difficulty


def _system(system_prompt: str, context: TurnContext, passages: Sequence[Passage], learner: LearnerState | None) -> str:
    parts = [system_prompt.strip()]
    if context.subject:
        parts.append(f"The subject is {context.subject}.")
    difficulty = aimed_difficulty(context, learner)
    if difficulty is not None:
        parts.append(f"Aim at a difficulty of {difficulty:.2f} on a scale from 0 (beginner) to 1 (expert).")
    if learner is not None and learner.instruction:
        parts.append(learner.instruction)
    if context.lookup is not None:
        parts.append(context.lookup.instruction)
    if passages:
        parts.append(_CITE)
        parts += [f"[{passage.number}] {passage.title}\n{passage.snippet}" for passage in passages]
    return "\n\n".join(part for part in parts if part)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: four characters each, which is the providers' own rule of thumb."""
    return -(-len(text) // 4)
