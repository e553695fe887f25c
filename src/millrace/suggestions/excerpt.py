"""The end of a conversation, short enough for a prompt that must be answered at once. Pure."""

from collections.abc import Sequence

from millrace.model.generation import PromptMessage

_NAMES = {"user": "User", "assistant": "Assistant"}
_MESSAGES = 4
_MESSAGE_CHARS = 1_200
_GAP = " [...] "


def excerpt(conversation: Sequence[PromptMessage]) -> str:
    """The last messages as a script, each with its beginning and its end; empty where nobody said anything.

    Args:
        conversation: Oldest first. System messages are left out.
    """
    said = [message for message in conversation if message.role != "system" and message.content.strip()]
    return "\n\n".join(f"{_NAMES[message.role]}: {shortened(message.content)}" for message in said[-_MESSAGES:])


def shortened(text: str) -> str:
    """A long text without its middle: what was asked stands at the beginning, what came of it at the end."""
    text = text.strip()
    if len(text) <= _MESSAGE_CHARS:
        return text
    half = (_MESSAGE_CHARS - len(_GAP)) // 2
    return f"{text[:half].rstrip()}{_GAP}{text[-half:].lstrip()}"
