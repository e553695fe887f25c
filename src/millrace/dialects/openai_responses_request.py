"""Requests to OpenAI's Responses API as commands."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from millrace.dialects.openai_conversation import Part, Said, read_conversation
from millrace.dialects.openai_errors import BadParameter, UnsupportedParameter
from millrace.dialects.openai_request import (
    Context,
    Effort,
    Format,
    Model,
    Temperature,
    Tokens,
    check_format,
    context_of,
    decode,
    thinking_mode,
)
from millrace.model.commands import StartTurn
from millrace.model.generation import PromptMessage
from millrace.model.messages import Turn

FACTS = "openai_response"
"""Under this name the turn's context keeps what only its response object tells."""

_ID = "resp_"
_READ_OVER = frozenset({"reasoning"})  # what the model thought before is its own affair

ResponseId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item of an input; without `type` it is a message."""

    type: str | None = None
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Part] | None = None


class Reasoning(Struct, frozen=True, omit_defaults=True):
    """How much the model is to think."""

    effort: Effort | None = None


class TextOptions(Struct, frozen=True, omit_defaults=True):
    """The form of the answer."""

    format: Format | None = None


class ResponseRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of `POST /v1/responses`, as far as it is looked at."""

    input: str | list[Item]
    model: Model | None = None
    instructions: str | None = None
    previous_response_id: ResponseId | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    max_output_tokens: Tokens | None = None
    temperature: Temperature | None = None
    reasoning: Reasoning | None = None
    metadata: (
        Annotated[dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)]
        | None
    ) = None
    text: TextOptions | None = None
    context: Context | None = None
    tools: list[Any] | None = None
    conversation: str | dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None


class ResponseFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a response object repeats of its request. `created_at` is in Unix seconds; 0 where nobody noted it."""

    created_at: int = 0
    instructions: str | None = None
    previous_response_id: str | None = None
    background: bool = False
    store: bool = True
    max_output_tokens: int | None = None
    temperature: float | None = None
    metadata: dict[str, str] | None = None

    def echoed(self) -> dict[str, Any]:
        """What was said, without what was left out."""
        known: dict[str, Any] = {"background": self.background, "store": self.store, "metadata": self.metadata or {}}
        for name in ("instructions", "previous_response_id", "max_output_tokens", "temperature"):
            if (value := getattr(self, name)) is not None:
                known[name] = value
        return known


class ResponseCall(Struct, frozen=True):
    """What a request asks for, and how it wants to be told.

    `command` lacks what came before: the conversation of `facts.previous_response_id`, which goes between the
    instructions, if there are any, and the rest of its history.
    """

    command: StartTurn
    facts: ResponseFacts
    stream: bool


def decode_response(body: bytes, now_ms: int) -> ResponseCall:
    """What the body of `POST /v1/responses` asks for, at the Unix time `now_ms`.

    Raises:
        BadParameter: A field is wrong, or asks for what is not done here.
    """
    request = decode(body, ResponseRequest)
    _check(request)
    said = [Said("user", request.input)] if isinstance(request.input, str) else _messages(request.input)
    conversation = read_conversation(said, "input")
    facts = ResponseFacts(
        created_at=now_ms // 1000,
        instructions=request.instructions or None,
        previous_response_id=request.previous_response_id,
        background=bool(request.background),
        store=request.store is not False,
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        metadata=request.metadata or None,
    )
    context = context_of(request.context)
    extra = {**(context.extra or {}), FACTS: msgspec.to_builtins(facts)}
    command = StartTurn(
        message=conversation.question,
        history=conversation.history,
        keep_history=True,
        model=request.model,
        thinking_mode=thinking_mode(request.reasoning.effort if request.reasoning else None),
        max_tokens=request.max_output_tokens,
        temperature=request.temperature,
        context=msgspec.structs.replace(context, extra=extra),
        suggestions=False,
        stop_unwatched=not request.background,
    )
    return ResponseCall(command, facts, bool(request.stream))


def with_earlier(call: ResponseCall, earlier: tuple[PromptMessage, ...]) -> StartTurn:
    """The command of a call, with the conversation before it and its instructions in front."""
    instructions = call.facts.instructions
    first = () if instructions is None else (PromptMessage("system", instructions),)
    return msgspec.structs.replace(call.command, history=(*first, *earlier, *(call.command.history or ())))


def facts_of(turn: Turn) -> ResponseFacts:
    """What the request of a response said; no more than its time for a turn that was started in another dialect."""
    created_at = turn.created_at // 1000
    try:
        facts = msgspec.convert((turn.command.context.extra or {}).get(FACTS, {}), ResponseFacts)
    except msgspec.ValidationError:  # another dialect's clients may write into the context what they like
        return ResponseFacts(created_at=created_at)
    return facts if facts.created_at else msgspec.structs.replace(facts, created_at=created_at)


def response_id(turn_id: str) -> str:
    """The id of the response that a turn is."""
    return _ID + turn_id


def turn_id_of(response: str) -> str:
    """The turn that a response is."""
    return response.removeprefix(_ID)


def _check(request: ResponseRequest) -> None:
    for param, asked, what in (
        ("tools", request.tools, "This server calls no tools."),
        ("conversation", request.conversation, "Go on from a response by 'previous_response_id'."),
        ("prompt", request.prompt, "This server keeps no prompts; write it as 'instructions'."),
    ):
        if asked:
            raise UnsupportedParameter(param, what)
    check_format("text.format", request.text.format if request.text else None)
    if request.background and request.store is False:
        raise BadParameter("store", "A response in the background must be stored, or nobody could fetch it.")


def _messages(items: list[Item]) -> list[Said]:
    said = []
    for index, item in enumerate(items):
        if item.type in _READ_OVER:
            continue
        if item.type not in {None, "message"}:
            what = f"This server reads messages, and no {str(item.type)[:40]!r}."
            raise UnsupportedParameter(f"input[{index}]", what)
        if item.role is None:
            raise BadParameter(f"input[{index}].role", "A message of the input has no 'role'.")
        said.append(Said(item.role, item.content))
    return said
