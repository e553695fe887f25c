"""The conversation in a request to OpenAI's API: messages of parts, and what becomes of them here."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from millrace.dialects.openai_errors import BadParameter, UnsupportedParameter
from millrace.model.generation import PromptMessage, Role

MessageRole = Literal["system", "developer", "user", "assistant", "tool", "function"]

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TEXT_PARTS = frozenset({"text", "input_text", "output_text", "refusal"})


class Part(Struct, frozen=True, omit_defaults=True):
    """A part of a message. Parts of text are understood, and no others."""

    type: Annotated[str, Meta(description="`text`, `input_text`, `output_text` or `refusal`.", examples=["text"])]
    text: str | None = None
    refusal: str | None = None


class Said(Struct, frozen=True, omit_defaults=True):
    """One message of a conversation."""

    role: MessageRole
    content: str | list[Part] | None = None
    tool_calls: list[Any] | None = None


class Conversation(Struct, frozen=True):
    """A conversation that ends with a question, and what was said before it."""

    history: tuple[PromptMessage, ...]
    question: str


def read_conversation(messages: Sequence[Said], param: str) -> Conversation:
    """The question and what was said before it.

    Args:
        messages: At least one; the last is the user's.
        param: What the field with the messages is called.

    Raises:
        BadParameter: There is no question at the end, or a message cannot be answered here.
    """
    if not messages:
        raise BadParameter(param, f"'{param}' is empty. Send at least one message.")
    *before, last = [_read(message, f"{param}[{index}]") for index, message in enumerate(messages)]
    if last.role != "user":
        raise BadParameter(param, f"The last of '{param}' is not the user's. Send the question last.")
    if not last.content.strip():
        raise BadParameter(param, f"The last of '{param}' is empty. Write something and send it again.")
    return Conversation(tuple(message for message in before if message.content), last.content)


def _read(message: Said, param: str) -> PromptMessage:
    role = _ROLES.get(message.role)
    if role is None or message.tool_calls:
        raise UnsupportedParameter(param, "This server calls no tools, so it cannot go on from their results.")
    if message.content is None or isinstance(message.content, str):
        return PromptMessage(role, message.content or "")
    return PromptMessage(role, "\n".join(_text(part, param) for part in message.content))


def _text(part: Part, param: str) -> str:
    if part.type not in _TEXT_PARTS:
        raise UnsupportedParameter(f"{param}.content", f"This server reads text, and no {part.type[:40]!r}.")
    text = part.refusal if part.type == "refusal" else part.text
    if text is None:
        raise BadParameter(f"{param}.content", "A part of the message has no text.")
    return text
