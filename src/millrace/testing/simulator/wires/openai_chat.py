"""The OpenAI chat-completions protocol, with the ways in which compatible servers differ. Pure.

Order of a stream as OpenAI sends it: a chunk with the role, one chunk per token, one with ``finish_reason`` and an
empty delta, one with ``choices: []`` and the usage if the request asked for it, ``[DONE]``. Reasoning in
``delta.reasoning_content`` is DeepSeek's way, ``delta.reasoning`` that of Groq and vLLM, thinking parts in
``delta.content`` that of Mistral, and ``<think>`` within the text that of raw local models.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, ReasoningPlace, UsagePlace
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.script import FinishReason, Script
from millrace.testing.simulator.text import Token, count_tokens
from millrace.testing.simulator.wires.base import Identity

_THINK_OPEN: Final = ("<th", "ink>\n")
_THINK_CLOSE: Final = ("\n</", "think>\n\n")
_MODELS_CREATED: Final = 1_700_000_000
_encode: Final = msgspec.json.encode


class _Part(msgspec.Struct):
    type: str = "text"
    text: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None

    def plain(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    logprobs: bool | None = None


class OpenAIChatWire:
    """``POST /v1/chat/completions``."""

    path: Final = "/v1/chat/completions"
    models_path: Final = "/v1/models"
    stream_type: Final = "text/event-stream; charset=utf-8"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Request)

    def read(self, body: bytes) -> Ask:
        """Decode a request; keys that the simulator does not need are ignored.

        Raises:
            AskError: The body is no JSON, lacks ``model`` or ``messages``, or has a value of a wrong type.
        """
        try:
            request = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AskError(f"The request body is not a chat completion request: {error}.") from error
        if not request.messages:
            raise AskError("'messages' is empty: send at least one message.", "messages")
        limits = [limit for limit in (request.max_tokens, request.max_completion_tokens) if limit is not None]
        if any(limit < 1 for limit in limits):
            raise AskError("The maximum of tokens must be at least 1.", "max_tokens")
        users = [index for index, message in enumerate(request.messages) if message.role == "user"]
        last = request.messages[-1]
        before = request.messages[users[-1] - 1] if users and users[-1] > 0 else None
        options = request.stream_options
        return Ask(
            model=request.model,
            stream=bool(request.stream),
            max_tokens=min(limits, default=None),
            include_usage=bool(options and options.include_usage),
            logprobs=bool(request.logprobs),
            user_text=request.messages[users[-1]].plain() if users else "",
            prefill=last.plain() if last.role == "assistant" else None,
            partial=before.plain() if before and before.role == "assistant" else None,
            prompt_tokens=sum(count_tokens(message.plain()) for message in request.messages),
        )

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> "OpenAIChatEncoder":
        """The encoder of one answer."""
        return OpenAIChatEncoder(ask, behaviour, identity)

    def refusal(self, refusal: Refusal) -> bytes:
        """The JSON body of an error answer: ``{"error": {"message", "type", "param", "code"}}``."""
        return _encode(_error(refusal))

    def claims(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - its clients send nothing of their own
        """Whether a request for the models is one of this protocol: all are that no other claims."""
        return True

    def models(self, names: Iterable[str]) -> bytes:
        """The body of ``GET /v1/models``."""
        return encode_models(names)


class OpenAIChatEncoder:
    """Encodes one chat completion.

    What is the same in all chunks of an answer is encoded once, so a token costs one joining of bytes.
    """

    def __init__(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> None:
        self._place = behaviour.reasoning_place
        self._usage = behaviour.usage
        self._reports_last = behaviour.usage is UsagePlace.LAST and ask.include_usage
        self._prompt_tokens = ask.prompt_tokens
        self._reasoning_sent = 0
        self._text_sent = 0
        self._identity = identity
        self._id = f"chatcmpl-sim-{identity.number}"
        common: dict[str, Any] = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": identity.created,
            "model": identity.model,
            "system_fingerprint": None,
        }
        self._head = b"data: " + _encode(common)[:-1] + b","
        self._delta = self._head + b'"choices":[{"index":0,"delta":{'
        self._after_delta = b'},"logprobs":null,"finish_reason":null}]'
        self._logprob = behaviour.logprob if ask.logprobs else None
        self._close = b',"usage":null}\n\n' if self._reports_last else b"}\n\n"

    def start(self) -> bytes:
        """The chunk with the role."""
        return self._chunk(b'"role":"assistant","content":"","refusal":null')

    def reasoning_start(self) -> bytes:
        """Nothing, or the opening ``<think>`` tag in two pieces."""
        return self._tag(_THINK_OPEN)

    def reasoning(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the thinking, in the place the behaviour names."""
        match self._place:
            case ReasoningPlace.REASONING_CONTENT:
                left, right = b'"content":null,"reasoning_content":', b""
            case ReasoningPlace.REASONING:
                left, right = b'"content":"","reasoning":', b""
            case ReasoningPlace.PARTS:
                left, right = b'"content":[{"type":"thinking","thinking":[{"type":"text","text":', b"}]}]"
            case ReasoningPlace.THINK:
                left, right = b'"content":', b""
        return self._tokens(tokens, left, right, is_reasoning=True)

    def reasoning_end(self) -> bytes:
        """Nothing, or the closing ``</think>`` tag in two pieces."""
        return self._tag(_THINK_CLOSE)

    def text(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the answer, one chunk each."""
        if self._logprob is not None:
            return b"".join(self._scored(token) for token in tokens)
        return self._tokens(tokens, b'"content":', b"", is_reasoning=False)

    def finish(self, reason: FinishReason) -> bytes:
        """The chunk with the finish reason, the usage where it belongs, ``[DONE]``."""
        finish = (
            self._head + b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"%b"}]' % reason.encode()
        )
        match self._usage:
            case UsagePlace.EVERY | UsagePlace.FINISH:
                return finish + self._usage_close() + b"data: [DONE]\n\n"
            case UsagePlace.LAST if self._reports_last:
                last = self._head + b'"choices":[]' + self._usage_close()
                return finish + self._close + last + b"data: [DONE]\n\n"
            case _:
                return finish + self._close + b"data: [DONE]\n\n"

    def whole(self, script: Script) -> bytes:
        """The completion object of a request that does not stream."""
        self._reasoning_sent, self._text_sent = len(script.reasoning), len(script.text)
        completion: dict[str, Any] = {
            "id": self._id,
            "object": "chat.completion",
            "created": self._identity.created,
            "model": self._identity.model,
            "choices": [
                {
                    "index": 0,
                    "message": self._message(script),
                    "logprobs": self._all_scored(script),
                    "finish_reason": script.finish,
                }
            ],
        }
        if self._usage is not UsagePlace.NONE:
            completion["usage"] = self._usage_value()
        return _encode(completion)

    def error(self, refusal: Refusal) -> bytes:
        """An error event, as OpenAI and vLLM send it; nothing comes after it."""
        return b"data: " + _encode(_error(refusal)) + b"\n\n"

    def malformed(self) -> bytes:
        """A chunk that breaks off within a string."""
        return self._delta + b'"content":"brok\n\n'

    def bad_utf8(self) -> bytes:
        """A chunk whose text has three bytes that no UTF-8 text has."""
        return self._chunk(b'"content":"\xc3(\xff\xfe"')

    def open_line(self) -> bytes:
        """A chunk up to the middle of its text."""
        return self._delta + b'"content":"'

    def _chunk(self, delta: bytes) -> bytes:
        close = self._usage_close() if self._usage is UsagePlace.EVERY else self._close
        return self._delta + delta + self._after_delta + close

    def _tag(self, pieces: Sequence[str]) -> bytes:
        if self._place is not ReasoningPlace.THINK:
            return b""
        return b"".join(self._chunk(b'"content":' + _encode(piece)) for piece in pieces)

    def _tokens(self, tokens: Sequence[Token], left: bytes, right: bytes, *, is_reasoning: bool) -> bytes:
        if self._usage is UsagePlace.EVERY:
            return b"".join(self._counted(token, left, right, is_reasoning) for token in tokens)
        self._count(len(tokens), is_reasoning)
        head, tail = self._delta + left, right + self._after_delta + self._close
        return head + (tail + head).join([token.json for token in tokens]) + tail

    def _counted(self, token: Token, left: bytes, right: bytes, is_reasoning: bool) -> bytes:
        self._count(1, is_reasoning)
        return self._chunk(left + token.json + right)

    def _scored(self, token: Token) -> bytes:
        self._count(1, is_reasoning=False)
        scored: dict[str, Any] = {"token": token.text, "logprob": self._logprob, "bytes": None, "top_logprobs": []}
        logprobs = _encode({"content": [scored], "refusal": None})
        close = self._usage_close() if self._usage is UsagePlace.EVERY else self._close
        return b"".join(
            (self._delta, b'"content":', token.json, b'},"logprobs":', logprobs, b',"finish_reason":null}]', close)
        )

    def _all_scored(self, script: Script) -> Any:
        if self._logprob is None:
            return None
        content = [{"token": token.text, "logprob": self._logprob} for token in script.text]
        return {"content": content, "refusal": None}

    def _count(self, tokens: int, is_reasoning: bool) -> None:
        if is_reasoning:
            self._reasoning_sent += tokens
        else:
            self._text_sent += tokens

    def _usage_close(self) -> bytes:
        return b',"usage":' + _encode(self._usage_value()) + b"}\n\n"

    def _usage_value(self) -> dict[str, Any]:
        completion = self._reasoning_sent + self._text_sent
        return {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self._prompt_tokens + completion,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self._reasoning_sent},
        }

    def _message(self, script: Script) -> dict[str, Any]:
        text = "".join(token.text for token in script.text)
        thinking = "".join(token.text for token in script.reasoning)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if not thinking:
            return message
        match self._place:
            case ReasoningPlace.REASONING_CONTENT:
                message["reasoning_content"] = thinking
            case ReasoningPlace.REASONING:
                message["reasoning"] = thinking
            case ReasoningPlace.THINK:
                message["content"] = "".join((*_THINK_OPEN, thinking, *_THINK_CLOSE, text))
            case ReasoningPlace.PARTS:
                parts = {"type": "thinking", "thinking": [{"type": "text", "text": thinking}]}
                message["content"] = [parts, {"type": "text", "text": text}]
        return message


def encode_models(names: Iterable[str]) -> bytes:
    """The body of ``GET /v1/models``."""
    models = [{"id": name, "object": "model", "created": _MODELS_CREATED, "owned_by": "millrace"} for name in names]
    return _encode({"object": "list", "data": models})


def _error(refusal: Refusal) -> dict[str, Any]:
    fields = {"message": refusal.message, "type": refusal.type, "param": refusal.param, "code": refusal.code}
    return {"error": fields}
