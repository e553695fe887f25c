"""Ollama's own chat protocol: a line of JSON for each token. Pure.

The last line has ``done``, why the model ended and the counts. Thinking stands in ``message.thinking``, or, with
``reasoning_place=think``, in the text between tags, as models do of which the server does not know that they think.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, ReasoningPlace, UsagePlace
from millrace.testing.simulator.faults import SECRET, STREAM_ERROR, Refusal
from millrace.testing.simulator.script import FinishReason, Script
from millrace.testing.simulator.text import Token, count_tokens
from millrace.testing.simulator.wires.base import Identity

_THINK_OPEN: Final = "<think>\n"
_THINK_CLOSE: Final = "\n</think>\n\n"
_NANOSECONDS: Final = 1_000_000
_encode: Final = msgspec.json.encode


class _Message(msgspec.Struct):
    role: str
    content: str = ""


class _Options(msgspec.Struct):
    num_predict: int | None = None


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message] = []
    stream: bool | None = None
    options: _Options | None = None


class OllamaWire:
    """``POST /api/chat``."""

    path: Final = "/api/chat"
    models_path: Final = "/api/tags"
    stream_type: Final = "application/x-ndjson"

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Request)

    def read(self, body: bytes) -> Ask:
        """Decode a request; it streams unless it says that it does not.

        Raises:
            AskError: The body is no JSON, lacks ``model`` or ``messages``, or has a value of a wrong type.
        """
        try:
            request = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AskError(f"The request body is not a chat request: {error}.") from error
        if not request.messages:
            raise AskError("'messages' is empty: send at least one message.", "messages")
        users = [index for index, message in enumerate(request.messages) if message.role == "user"]
        last = request.messages[-1]
        before = request.messages[users[-1] - 1] if users and users[-1] > 0 else None
        limit = request.options.num_predict if request.options else None
        return Ask(
            model=request.model,
            stream=request.stream is not False,
            max_tokens=limit if limit is not None and limit > 0 else None,  # -1 and -2 are without limit
            include_usage=True,
            user_text=request.messages[users[-1]].content if users else "",
            prefill=last.content if last.role == "assistant" else None,
            partial=before.content if before and before.role == "assistant" else None,
            prompt_tokens=sum(count_tokens(message.content) for message in request.messages),
        )

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> "OllamaEncoder":
        """The encoder of one answer."""
        return OllamaEncoder(ask, behaviour, identity)

    def refusal(self, refusal: Refusal) -> bytes:
        """The JSON body of an error answer: ``{"error": "text"}``."""
        return _encode({"error": refusal.message})

    def claims(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - the path is this protocol's alone
        """Whether a request for the models is one of this protocol: all that come to its path are."""
        return True

    def models(self, names: Iterable[str]) -> bytes:
        """The body of ``GET /api/tags``."""
        return _encode({"models": [_model(name) for name in names]})


class OllamaEncoder:
    """Encodes one answer; what is the same in all lines is encoded once."""

    def __init__(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> None:
        self._tags = behaviour.reasoning_place is ReasoningPlace.THINK
        self._counts = behaviour.usage is not UsagePlace.NONE
        self._prompt_tokens = ask.prompt_tokens
        self._sent = 0
        created = datetime.fromtimestamp(identity.created, UTC).isoformat().replace("+00:00", "Z")
        self._common: dict[str, Any] = {"model": identity.model, "created_at": created}
        self._head = _encode(self._common)[:-1] + b',"message":{"role":"assistant",'

    def start(self) -> bytes:
        """Nothing: the first token is the first line."""
        return b""

    def reasoning_start(self) -> bytes:
        """Nothing, or a line with the opening tag."""
        return self._line(b'"content":' + _encode(_THINK_OPEN)) if self._tags else b""

    def reasoning(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the thinking, one line each."""
        return self._tokens(tokens, b'"content":' if self._tags else b'"content":"","thinking":')

    def reasoning_end(self) -> bytes:
        """Nothing, or a line with the closing tag."""
        return self._line(b'"content":' + _encode(_THINK_CLOSE)) if self._tags else b""

    def text(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the answer, one line each."""
        return self._tokens(tokens, b'"content":')

    def finish(self, reason: FinishReason) -> bytes:
        """The last line."""
        return _encode(self._end({"role": "assistant", "content": ""}, reason)) + b"\n"

    def whole(self, script: Script) -> bytes:
        """The object of a request that does not stream."""
        self._sent = script.length
        text = "".join(token.text for token in script.text)
        thinking = "".join(token.text for token in script.reasoning)
        message = {"role": "assistant", "content": text}
        if thinking and self._tags:
            message["content"] = f"{_THINK_OPEN}{thinking}{_THINK_CLOSE}{text}"
        elif thinking:
            message["thinking"] = thinking
        return _encode(self._end(message, script.finish))

    def error(self, refusal: Refusal) -> bytes:
        """An error line; nothing comes after it."""
        if refusal is STREAM_ERROR:
            words = f"an error was encountered while running the model: unexpected EOF (key {SECRET})"
        else:
            words = refusal.message
        return _encode({"error": words}) + b"\n"

    def malformed(self) -> bytes:
        """A line that breaks off within a string."""
        return self._head + b'"content":"brok\n'

    def bad_utf8(self) -> bytes:
        """A line whose text has three bytes that no UTF-8 text has."""
        return self._line(b'"content":"\xc3(\xff\xfe"')

    def open_line(self) -> bytes:
        """A line up to the middle of its text."""
        return self._head + b'"content":"'

    def _line(self, fields: bytes) -> bytes:
        return self._head + fields + b'},"done":false}\n'

    def _tokens(self, tokens: Sequence[Token], left: bytes) -> bytes:
        self._sent += len(tokens)
        return b"".join([self._line(left + token.json) for token in tokens])

    def _end(self, message: dict[str, str], reason: FinishReason) -> dict[str, Any]:
        counts = {"prompt_eval_count": self._prompt_tokens, "eval_count": self._sent} if self._counts else {}
        times = {"total_duration": self._sent * _NANOSECONDS, "eval_duration": self._sent * _NANOSECONDS}
        return {**self._common, "message": message, "done": True, "done_reason": reason, **times, **counts}


def _model(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": "2023-11-14T22:13:20Z",
        "size": 0,
        "digest": "",
        "details": {"format": "gguf", "family": "sim", "parameter_size": "0B", "quantization_level": "none"},
        "capabilities": ["completion", "thinking"],
    }
