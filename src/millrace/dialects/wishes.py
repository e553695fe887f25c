"""What applications add to a request of a protocol that knows nothing of it: the fields of a `chat_request`."""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

from millrace.dialects.chat import turn_context
from millrace.dialects.reading import check_user
from millrace.model.commands import StartTurn, ThinkingChoice

_CAMEL = {"enable_reasoning": "enableReasoning", "thinking_mode": "thinkingMode", "user_id": "userId"}
_SNAKE = {"enableRag": "enable_rag", "documentIds": "document_ids"}


class Wishes(Struct, frozen=True, rename="camel"):
    """What may be wished beside the question."""

    model: str | None = None
    enable_reasoning: bool = False
    thinking_mode: ThinkingChoice = "auto"
    context: dict[str, Any] | None = None
    user_id: str | None = None


def command_of(fields: dict[str, Any], user_id: str) -> StartTurn:
    """A command without its question, out of fields in camel case or as `chat_request` spells them.

    Raises:
        InvalidRequest: The context is wrong, or the user is somebody else.
        msgspec.ValidationError: Another field is wrong; unknown ones are nobody's business.
    """
    wished = msgspec.convert({_CAMEL.get(name, name): value for name, value in given(fields).items()}, Wishes)
    check_user({"user_id": wished.user_id}, user_id)
    context = {_SNAKE.get(name, name): value for name, value in (wished.context or {}).items()}
    return StartTurn(
        model=wished.model,
        enable_reasoning=wished.enable_reasoning,
        thinking_mode=wished.thinking_mode,
        context=turn_context(context),
    )


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that are there: clients may say null for what they leave open."""
    return {name: value for name, value in fields.items() if value is not None}


def request_key(*names: str) -> str:
    """An idempotency key out of names that a client gave; different names give different keys."""
    return hashlib.sha256(msgspec.json.encode(names)).hexdigest()[:40]
