"""What was said, as the AI SDK's chats begin with it: UI messages like those that a stream builds."""

from typing import Any

from msgspec import convert, to_builtins

from millrace.dialects.ai_sdk_words import source_part
from millrace.dialects.remarks import stored
from millrace.model.events import Citation
from millrace.model.messages import Message, Turn

UiMessage = dict[str, Any]


def ui_message(message: Message) -> UiMessage:
    """A stored message."""
    version, kept = message.version, message.version.metadata or {}
    parts: list[dict[str, Any]] = []
    if version.reasoning:
        parts.append({"type": "reasoning", "text": version.reasoning, "state": "done"})
    if version.content or message.role == "user":
        parts.append({"type": "text", "text": version.content, "state": "done"})
    citations = convert(kept.get("citations", ()), tuple[Citation, ...])
    parts += [to_builtins(source_part(number, citation)) for number, citation in enumerate(citations, 1)]
    if kept.get("suggested_questions"):
        questions = {"questions": kept["suggested_questions"]}
        parts.append({"type": "data-suggestions", "id": "suggestions", "data": questions})
    return {"id": message.id, "role": message.role, "parts": parts, "metadata": stored(message)}


def ui_question(turn: Turn) -> UiMessage:
    """The question of a turn that is being answered; it is stored together with its answer."""
    parts = [{"type": "text", "text": turn.command.message, "state": "done"}]
    metadata = {"sessionId": turn.session_id, "turnId": turn.id}
    return {"id": turn.user_message_id, "role": "user", "parts": parts, "metadata": metadata}
