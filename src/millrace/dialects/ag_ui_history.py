"""What was said, as AG-UI's messages."""

from typing import Any

from millrace.dialects.remarks import stored
from millrace.model.messages import Message, Turn

AgentMessage = dict[str, Any]


def agent_message(message: Message) -> AgentMessage:
    """A stored message."""
    return {
        "id": message.id,
        "role": message.role,
        "content": message.version.content,
        "metadata": stored(message),
    }


def agent_question(turn: Turn) -> AgentMessage:
    """The question of a turn that is being answered; it is stored together with its answer."""
    return {"id": turn.user_message_id, "role": "user", "content": turn.command.message}
