"""Puts the prompt of a turn together. Pure."""

from collections.abc import Sequence

from millrace.model.commands import TurnContext
from millrace.model.events import Passage
from millrace.model.generation import PromptMessage
from millrace.model.messages import Message, Turn

_CITE = (
    "Answer from the numbered passages below where they hold the answer, and mark each statement taken from one "
    "with its number in square brackets, like [1]. Say so if they do not hold it."
)


def build_prompt(
    turn: Turn,
    history: Sequence[Message],
    *,
    system_prompt: str = "",
    passages: Sequence[Passage] = (),
    partial: str = "",
) -> tuple[PromptMessage, ...]:
    """The messages to send to the model.

    Args:
        turn: The turn to answer.
        history: The session's stored messages, oldest first; for a regeneration the answer itself and what
            came after it are left out.
        system_prompt: What stands before every conversation.
        passages: What retrieval found.
        partial: What was answered before an interruption, for the model to continue.
    """
    messages: list[PromptMessage] = []
    system = _system(system_prompt, turn.command.context, passages)
    if system:
        messages.append(PromptMessage("system", system))
    for message in history:
        if message.id in (turn.user_message_id, turn.message_id):
            break
        if message.version.content:
            messages.append(PromptMessage(message.role, message.version.content))
    messages.append(PromptMessage("user", turn.command.message))
    if partial:
        messages.append(PromptMessage("assistant", partial))
    return tuple(messages)


def _system(system_prompt: str, context: TurnContext, passages: Sequence[Passage]) -> str:
    parts = [system_prompt.strip()]
    if context.subject:
        parts.append(f"The subject is {context.subject}.")
    if context.difficulty is not None:
        parts.append(f"Aim at a difficulty of {context.difficulty:.2f} on a scale from 0 (beginner) to 1 (expert).")
    if passages:
        parts.append(_CITE)
        parts += [f"[{passage.number}] {passage.title}\n{passage.snippet}" for passage in passages]
    return "\n\n".join(part for part in parts if part)


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has: four characters each, which is the providers' own rule of thumb."""
    return -(-len(text) // 4)
