"""Requests to OpenAI's API as commands.

What would change the form of the answer and is not done here (tools, several choices, JSON schemas, images) is refused,
as OpenAI refuses it for models that lack it. Hints for sampling and bookkeeping are read over, and so are unknown
fields.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from millrace.dialects.chat import turn_context
from millrace.dialects.openai_conversation import Said, read_conversation
from millrace.dialects.openai_errors import BadParameter, UnsupportedParameter
from millrace.model.commands import StartTurn, ThinkingChoice, TurnContext
from millrace.model.errors import InvalidRequest

T = TypeVar("T")

Tokens = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Effort = Annotated[str, Meta(description="`none` and `minimal` answer at once, anything else thinks first.")]
Model = Annotated[str, Meta(min_length=1, max_length=200, description="`provider/name`, or a name alone.")]
Context = Annotated[
    dict[str, Any],
    Meta(description="Ours: `enable_rag`, `document_ids`, `subject`, `difficulty`, as in `POST /api/v1/chat`."),
]

_AT_ONCE = frozenset({"none", "minimal"})


class StreamOptions(Struct, frozen=True, omit_defaults=True):
    """What else a stream is to tell."""

    include_usage: bool | None = None


class Format(Struct, frozen=True, omit_defaults=True):
    """The form of the answer; `text` is the only one there is."""

    type: str = "text"


class ChatCompletionRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of `POST /v1/chat/completions`, as far as it is looked at."""

    messages: list[Said]
    model: Model | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Temperature | None = None
    reasoning_effort: Effort | None = None
    context: Context | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: Format | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None


class ChatCall(Struct, frozen=True):
    """What a request asks for, and how it wants to be told."""

    command: StartTurn
    stream: bool
    include_usage: bool


def decode_chat_completion(body: bytes) -> ChatCall:
    """What the body of `POST /v1/chat/completions` asks for.

    Raises:
        BadParameter: A field is wrong, or asks for what is not done here.
    """
    request = decode(body, ChatCompletionRequest)
    for param, asked, what in (
        ("tools", request.tools, "This server calls no tools."),
        ("functions", request.functions, "This server calls no functions."),
        ("n", request.n not in {None, 1}, "There is one answer to a question; ask again for another."),
        ("modalities", set(request.modalities or ()) - {"text"}, "This server answers in text."),
        ("audio", request.audio, "This server answers in text."),
        ("stop", request.stop, "Answers end where the model ends them, or at 'max_completion_tokens'."),
        ("logprobs", request.logprobs, "This server has no probabilities of tokens."),
    ):
        if asked:
            raise UnsupportedParameter(param, what)
    check_format("response_format", request.response_format)
    conversation = read_conversation(request.messages, "messages")
    command = StartTurn(
        message=conversation.question,
        history=conversation.history,
        model=request.model,
        thinking_mode=thinking_mode(request.reasoning_effort),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        context=context_of(request.context),
        suggestions=False,
        stop_unwatched=True,
    )
    options = request.stream_options or StreamOptions()
    return ChatCall(command, bool(request.stream), bool(options.include_usage))


def decode(body: bytes, shape: type[T]) -> T:
    """A body as the type that it should be.

    Raises:
        BadParameter: It is not.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        param = where.strip("`").removeprefix("$").removeprefix(".") or None
        sentence = f"{what} in '{param}'." if param else f"The body is wrong. {what}."
        raise BadParameter(param, sentence) from error
    except RecursionError as error:
        raise BadParameter(None, "The body is nested too deeply.") from error
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise BadParameter(None, "The body is not valid JSON in UTF-8.") from error


def check_format(param: str, asked: Format | None) -> None:
    """Refuse any form of answer but text.

    Raises:
        UnsupportedParameter: That is asked for.
    """
    if asked is not None and asked.type != "text":
        raise UnsupportedParameter(param, f"This server answers in text, and cannot promise {asked.type[:40]!r}.")


def thinking_mode(effort: str | None) -> ThinkingChoice:
    """Whether to think first, by how much effort is asked for."""
    if effort is None:
        return "auto"
    return "system1" if effort in _AT_ONCE else "system2"


def context_of(fields: dict[str, Any] | None) -> TurnContext:
    """The circumstances of a question.

    Raises:
        BadParameter: A field is wrong.
    """
    try:
        return turn_context(fields or {})
    except InvalidRequest as error:
        raise BadParameter("context", error.message) from error
