"""Anthropic's Messages protocol. Pure.

Order of a stream: ``message_start`` with the input's count, ``ping``, then each block (thinking, text) with its start,
its deltas and its stop, ``message_delta`` with the stop reason and the counts so far, ``message_stop``. A refusal that
comes before any word has no block at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, UsagePlace
from millrace.testing.simulator.faults import SECRET, STREAM_ERROR, Refusal
from millrace.testing.simulator.script import FinishReason, Script
from millrace.testing.simulator.text import Token, count_tokens
from millrace.testing.simulator.wires.base import Identity

SIGNATURE: Final = "RXJyb3JzL2FyZS9ub3QvaGVyZQ+/=="
"""Vouches for every thinking; characters that a careless reader would change are in it."""

_MIN_BUDGET: Final = 1024
_CONTEXT_LENGTH: Final = 200_000
_LONGEST_ANSWER: Final = 128_000
_STOP_REASONS: Final[Mapping[FinishReason, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
}
_KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_OWN_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "context_length_exceeded": (
        "invalid_request_error",
        f"prompt is too long: 9001 tokens > 8192 maximum (key {SECRET})",
    ),
    "content_filter": ("invalid_request_error", f"Output blocked by content filtering policy (key {SECRET})"),
    "insufficient_quota": (
        "billing_error",
        f"Your credit balance is too low to access the Anthropic API. (key {SECRET})",
    ),
}
_encode: Final = msgspec.json.encode


class _Part(msgspec.Struct):
    type: str = "text"
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part]

    def plain(self) -> str:
        return _plain(self.content)


class _Thinking(msgspec.Struct):
    type: str
    budget_tokens: int | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    max_tokens: int
    system: str | list[_Part] = ""
    stream: bool | None = None
    thinking: _Thinking | None = None


class AnthropicWire:
    """``POST /v1/messages``."""

    path: Final = "/v1/messages"
    models_path: Final = "/v1/models"
    stream_type: Final = "text/event-stream; charset=utf-8"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Request)

    def read(self, body: bytes) -> Ask:
        """Decode a request; keys that the simulator does not need are ignored.

        Raises:
            AskError: The body is no JSON, lacks ``model``, ``messages`` or ``max_tokens``, has a value of a wrong
                type, or asks for what the protocol refuses.
        """
        try:
            request = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AskError(f"The request body is not a message request: {error}.") from error
        _check(request)
        users = [index for index, message in enumerate(request.messages) if message.role == "user"]
        last = request.messages[-1]
        before = request.messages[users[-1] - 1] if users and users[-1] > 0 else None
        return Ask(
            model=request.model,
            stream=bool(request.stream),
            max_tokens=request.max_tokens,
            include_usage=True,
            user_text=request.messages[users[-1]].plain() if users else "",
            prefill=last.plain() if last.role == "assistant" else None,
            partial=before.plain() if before and before.role == "assistant" else None,
            prompt_tokens=count_tokens(_plain(request.system))
            + sum(count_tokens(message.plain()) for message in request.messages),
        )

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> "AnthropicEncoder":
        """The encoder of one answer."""
        return AnthropicEncoder(ask, behaviour, identity)

    def refusal(self, refusal: Refusal) -> bytes:
        """The JSON body of an error answer: ``{"type": "error", "error": {"type", "message"}, "request_id"}``."""
        return _encode(_error(refusal))

    def claims(self, headers: Mapping[str, str]) -> bool:
        """Whether a request for the models is one of this protocol: its clients name the protocol's version."""
        return "anthropic-version" in headers

    def models(self, names: Iterable[str]) -> bytes:
        """The body of ``GET /v1/models``."""
        models = [_model(name) for name in names]
        first, last = (models[0]["id"], models[-1]["id"]) if models else (None, None)
        return _encode({"data": models, "has_more": False, "first_id": first, "last_id": last})


class AnthropicEncoder:
    """Encodes one message. Blocks are opened when something comes for them."""

    def __init__(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> None:
        self._counts = behaviour.usage is not UsagePlace.NONE
        self._prompt_tokens = ask.prompt_tokens
        self._identity = identity
        self._thinking_sent = 0
        self._text_sent = 0
        self._index = -1  # of the block that was opened last
        self._open = False

    def start(self) -> bytes:
        """The message without its content, and a ping."""
        message = self._message([], None, self._usage(1))
        return _event("message_start", message=message) + _event("ping")

    def reasoning_start(self) -> bytes:
        """The opening of a thinking block."""
        return self._begin({"type": "thinking", "thinking": "", "signature": ""})

    def reasoning(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the thinking, one delta each."""
        self._thinking_sent += len(tokens)
        return self._deltas(b'"thinking_delta","thinking":', tokens)

    def reasoning_end(self) -> bytes:
        """An empty delta, the signature, and the end of the block."""
        empty = _event("content_block_delta", index=self._index, delta={"type": "thinking_delta", "thinking": ""})
        signature = {"type": "signature_delta", "signature": SIGNATURE}
        return empty + _event("content_block_delta", index=self._index, delta=signature) + self._end()

    def text(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the answer, one delta each, the first after the opening of the text block."""
        opening = b"" if self._open else self._begin({"type": "text", "text": ""})
        self._text_sent += len(tokens)
        return opening + self._deltas(b'"text_delta","text":', tokens)

    def finish(self, reason: FinishReason) -> bytes:
        """The end of the open block, the stop reason with the counts, the end of the message."""
        delta = {"stop_reason": _STOP_REASONS[reason], "stop_sequence": None, "stop_details": _stop_details(reason)}
        usage = {"usage": self._usage(self._thinking_sent + self._text_sent)} if self._counts else {}
        return self._end() + _event("message_delta", delta=delta, **usage) + _event("message_stop")

    def whole(self, script: Script) -> bytes:
        """The message object of a request that does not stream."""
        self._thinking_sent, self._text_sent = len(script.reasoning), len(script.text)
        content: list[dict[str, Any]] = []
        if script.reasoning:
            thinking = "".join(token.text for token in script.reasoning)
            content.append({"type": "thinking", "thinking": thinking, "signature": SIGNATURE})
        if script.text:
            content.append({"type": "text", "text": "".join(token.text for token in script.text), "citations": None})
        usage = self._usage(self._thinking_sent + self._text_sent)
        message = self._message(content, script.finish, usage)
        return _encode({**message, "stop_details": _stop_details(script.finish)})

    def error(self, refusal: Refusal) -> bytes:
        """An error event; in the middle of a stream it is most often that the service is overloaded."""
        if refusal is STREAM_ERROR:
            refusal = Refusal(529, f"Overloaded (key {SECRET})")
        return b"event: error\ndata: " + _encode(_error(refusal)) + b"\n\n"

    def malformed(self) -> bytes:
        """A delta that breaks off within a string."""
        return self._delta_head(b'"text_delta","text":') + b'"brok\n\n'

    def bad_utf8(self) -> bytes:
        """A text delta with three bytes that no UTF-8 text has."""
        opening = b"" if self._open else self._begin({"type": "text", "text": ""})
        return opening + self._delta_head(b'"text_delta","text":') + b'"\xc3(\xff\xfe"}}\n\n'

    def open_line(self) -> bytes:
        """A text delta up to the middle of its text."""
        return self._delta_head(b'"text_delta","text":') + b'"'

    def _message(self, content: list[dict[str, Any]], finish: FinishReason | None, usage: dict[str, Any]) -> Any:
        return {
            "id": f"msg_sim_{self._identity.number}",
            "type": "message",
            "role": "assistant",
            "model": self._identity.model,
            "content": content,
            "stop_reason": None if finish is None else _STOP_REASONS[finish],
            "stop_sequence": None,
            **({"usage": usage} if self._counts else {}),
        }

    def _usage(self, output: int) -> dict[str, Any]:
        return {
            "input_tokens": self._prompt_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output,
            "output_tokens_details": {"thinking_tokens": self._thinking_sent},
        }

    def _begin(self, block: dict[str, Any]) -> bytes:
        ending = self._end()
        self._index += 1
        self._open = True
        return ending + _event("content_block_start", index=self._index, content_block=block)

    def _end(self) -> bytes:
        if not self._open:
            return b""
        self._open = False
        return _event("content_block_stop", index=self._index)

    def _delta_head(self, kind: bytes) -> bytes:
        place = b'{"type":"content_block_delta","index":%d,"delta":{"type":' % max(0, self._index)
        return b"event: content_block_delta\ndata: " + place + kind

    def _deltas(self, kind: bytes, tokens: Sequence[Token]) -> bytes:
        head, tail = self._delta_head(kind), b"}}\n\n"
        return head + (tail + head).join([token.json for token in tokens]) + tail if tokens else b""


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **fields}))


def _plain(content: str | list[_Part]) -> str:
    return content if isinstance(content, str) else "".join(part.text for part in content)


def _check(request: _Request) -> None:
    """Refuse what the protocol refuses.

    Raises:
        AskError: Always with the field at fault.
    """
    if not request.messages:
        raise AskError("messages: at least one message is required", "messages")
    if request.max_tokens < 1:
        raise AskError("max_tokens: must be greater than or equal to 1", "max_tokens")
    if not all(message.plain().strip() for message in request.messages):
        raise AskError("messages: text content blocks must contain non-whitespace text", "messages")
    thinking = request.thinking
    thinks = thinking is not None and thinking.type in ("enabled", "adaptive")
    if thinking is not None and thinking.type == "enabled":
        budget = thinking.budget_tokens or 0
        if budget < _MIN_BUDGET:
            raise AskError(f"thinking.enabled.budget_tokens: must be at least {_MIN_BUDGET}", "thinking")
        if budget >= request.max_tokens:
            raise AskError("`max_tokens` must be greater than `thinking.budget_tokens`", "max_tokens")
    last = request.messages[-1]
    if last.role != "assistant":
        return
    if thinks:
        raise AskError("messages: an assistant message cannot be continued when thinking is enabled", "messages")
    if last.plain() != last.plain().rstrip():
        raise AskError("messages: final assistant content cannot end with trailing whitespace", "messages")


def _stop_details(reason: FinishReason) -> dict[str, Any] | None:
    if reason != "content_filter":
        return None
    return {"type": "refusal", "category": None, "explanation": f"This was declined (key {SECRET})."}


def _error(refusal: Refusal) -> dict[str, Any]:
    own = _OWN_WORDS.get(refusal.code or "")
    kind, message = own or (_KINDS.get(refusal.status, "api_error"), refusal.message)
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_sim"}


def _model(name: str) -> dict[str, Any]:
    yes = {"supported": True}
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2023-11-14T22:13:20Z",
        "lifecycle": "active",
        "max_input_tokens": _CONTEXT_LENGTH,
        "max_tokens": _LONGEST_ANSWER,
        "capabilities": {"thinking": {"supported": True, "types": {"enabled": yes, "adaptive": {"supported": False}}}},
    }
