"""Gemini's `generateContent` and `streamGenerateContent`. Pure.

With `alt=sse` a stream is events with CRLF line ends; without, one JSON array that is written piece by piece. It has no
end marker. Reasoning stands in parts marked as thoughts, an error in the middle bare, as JSON over several lines. The
counts of the answer so far are in the last slice, or in every one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, UsagePlace
from millrace.testing.simulator.faults import Refusal
from millrace.testing.simulator.script import FinishReason, Script
from millrace.testing.simulator.text import Token
from millrace.testing.simulator.wires.base import Identity, RefusalAnswer
from millrace.testing.simulator.wires.conversation import Said, with_conversation

_encode: Final = msgspec.json.encode
_FINISH: Final = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TOO_LONG: Final = "The input token count (9001) exceeds the maximum number of tokens allowed (8192)."
_STREAM_METHOD: Final = "streamGenerateContent"
_SSE: Final = "text/event-stream"


class _Part(msgspec.Struct):
    text: str = ""


class _Content(msgspec.Struct):
    parts: list[_Part] = []
    role: str | None = None

    def plain(self) -> str:
        return "".join(part.text for part in self.parts)


class _Config(msgspec.Struct, rename="camel"):
    max_output_tokens: int | None = None


class _Request(msgspec.Struct, rename="camel"):
    contents: list[_Content]
    system_instruction: _Content | None = None
    generation_config: _Config | None = None


class GeminiWire:
    """``POST /v1beta/models/{model}:streamGenerateContent`` and ``:generateContent``; `at` says which was asked for.

    Args:
        model: The model that the path names.
        stream: Whether the path asks for a stream.
        sse: Whether the query asks for events.
    """

    path: Final = "/v1beta/models/{target:.+:(?:streamGenerateContent|generateContent)}"
    models_path: Final = "/v1beta/models"

    def __init__(self, model: str = "", *, stream: bool = True, sse: bool = True) -> None:
        self._model = model
        self._stream = stream
        self._sse = sse
        self._decoder = msgspec.json.Decoder(_Request)

    @property
    def stream_type(self) -> str:
        """Content type of a stream."""
        return _SSE if self._sse else "application/json"

    def at(self, path: Mapping[str, str], query: Mapping[str, str]) -> "GeminiWire":
        """The wire of one request."""
        model, _, method = path["target"].rpartition(":")
        return GeminiWire(model, stream=method == _STREAM_METHOD, sse=query.get("alt") == "sse")

    def read(self, body: bytes) -> Ask:
        """Decode a request; keys that the simulator does not need are ignored.

        Raises:
            AskError: The body is no JSON, lacks ``contents``, or has a value of a wrong type.
        """
        try:
            request = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AskError(f"The request body is not a generateContent request: {error}.") from error
        if not request.contents:
            raise AskError("GenerateContentRequest.contents: contents is not specified", "contents")
        limit = request.generation_config.max_output_tokens if request.generation_config else None
        if limit is not None and limit < 1:
            raise AskError("max_output_tokens must be positive.", "generationConfig.maxOutputTokens")
        rules = [] if request.system_instruction is None else [Said("system", request.system_instruction.plain())]
        said = [Said("assistant" if each.role == "model" else "user", each.plain()) for each in request.contents]
        ask = Ask(model=self._model, stream=self._stream, max_tokens=limit, include_usage=True)
        return with_conversation(ask, rules + said)

    def encoder(self, ask: Ask, behaviour: Behaviour, identity: Identity) -> "GeminiEncoder":
        """The encoder of one answer."""
        return GeminiEncoder(ask, behaviour, identity, sse=self._sse)

    def refusal(self, refusal: Refusal) -> bytes:
        """The JSON body of an error answer."""
        return self.refuse(refusal, None).body

    def refuse(self, refusal: Refusal, retry_after: str | None) -> RefusalAnswer:
        """An error answer: pretty-printed, the delay in its details; a blocked question is a success without answer."""
        if refusal.code == "content_filter":
            blocked = _encode({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **_counts(1, 0, 0)})
            media = self.stream_type if self._stream else "application/json"
            return RefusalAnswer(200, self._alone(blocked), media)
        error = _error(refusal)
        headers = {}
        if retry_after is not None and retry_after.replace(".", "", 1).isdigit():
            delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"}
            error["error"]["details"] = [delay]
        elif retry_after is not None:
            headers["Retry-After"] = retry_after
        body = _pretty([error] if self._stream and not self._sse else error)
        return RefusalAnswer(refusal.status, body, headers=headers)

    def claims(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - nobody else lists models at this path
        """Every request for the models is one of this protocol."""
        return True

    def models(self, names: Iterable[str]) -> bytes:
        """The body of ``GET /v1beta/models``."""
        listed = [
            {
                "name": f"models/{name}",
                "displayName": name,
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["generateContent", "countTokens"],
                "thinking": True,
            }
            for name in names
        ]
        return _encode({"models": listed})

    def _alone(self, data: bytes) -> bytes:
        """The whole body of a stream of one slice, or the slice itself."""
        if not self._stream:
            return data
        return b"data: %b\r\n\r\n" % data if self._sse else b"[%b]" % data


class GeminiEncoder:
    """Encodes one answer; what is the same in all of its slices is encoded once."""

    def __init__(self, ask: Ask, behaviour: Behaviour, identity: Identity, *, sse: bool = True) -> None:
        self._usage = behaviour.usage
        self._prompt_tokens = ask.prompt_tokens
        self._reasoning_sent = 0
        self._text_sent = 0
        self._sse = sse
        self._begun = False
        named = {"modelVersion": identity.model, "responseId": f"resp-sim-{identity.number}"}
        self._tail = _encode(named)[1:]

    def start(self) -> bytes:
        """Nothing: the first slice has text already."""
        return b""

    def reasoning_start(self) -> bytes:
        """Nothing: each part says of itself whether it is a thought."""
        return b""

    def reasoning(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the thinking, each a part marked as a thought."""
        return self._slices(tokens, b',"thought":true', is_reasoning=True)

    def reasoning_end(self) -> bytes:
        """Nothing."""
        return b""

    def text(self, tokens: Sequence[Token]) -> bytes:
        """Tokens of the answer, one slice each."""
        return self._slices(tokens, b"", is_reasoning=False)

    def finish(self, reason: FinishReason) -> bytes:
        """The slice with the signature of the thoughts and the finish reason, which is the last; no end marker."""
        part = b'"text":""'
        if self._reasoning_sent:
            part += b',"thoughtSignature":"c2ltdWxhdGVk"'
        finish = b',"finishReason":"%b"' % _FINISH[reason].encode()
        counted = self._usage is not UsagePlace.NONE
        return self._frame(self._slice(part, finish, counted=counted)) + (b"" if self._sse else b"]")

    def whole(self, script: Script) -> bytes:
        """The answer to ``generateContent``."""
        self._reasoning_sent, self._text_sent = len(script.reasoning), len(script.text)
        thinking, text = ("".join(token.text for token in part) for part in (script.reasoning, script.text))
        parts = [{"text": thinking, "thought": True}] if thinking else []
        content = {"parts": [*parts, {"text": text}], "role": "model"}
        answer: dict[str, Any] = {
            "candidates": [{"content": content, "finishReason": _FINISH[script.finish], "index": 0}]
        }
        if self._usage is not UsagePlace.NONE:
            answer |= self._counts()
        return _encode(answer)[:-1] + b"," + self._tail

    def error(self, refusal: Refusal) -> bytes:
        """An error in the middle: bare JSON over several lines, or an item of the array."""
        if self._sse:
            return _pretty(_error(refusal)) + b"\n"
        return self._frame(_encode(_error(refusal))) + b"]"

    def malformed(self) -> bytes:
        """A slice that breaks off within a string; in an array, nothing that follows can be told from it."""
        return self._open_frame() + b'{"candidates":[{"content":{"parts":[{"text":"brok\r\n\r\n'

    def bad_utf8(self) -> bytes:
        """A slice whose text has three bytes that no UTF-8 text has."""
        return self._frame(self._slice(b'"text":"\xc3(\xff\xfe"'))

    def open_line(self) -> bytes:
        """A slice up to the middle of its text."""
        return self._open_frame() + b'{"candidates":[{"content":{"parts":[{"text":"'

    def _slices(self, tokens: Sequence[Token], mark: bytes, *, is_reasoning: bool) -> bytes:
        framed: list[bytes] = []
        for token in tokens:
            self._reasoning_sent += is_reasoning
            self._text_sent += not is_reasoning
            counted = self._usage is UsagePlace.EVERY
            framed.append(self._frame(self._slice(b'"text":%b%b' % (token.json, mark), counted=counted)))
        return b"".join(framed)

    def _slice(self, part: bytes, finish: bytes = b"", *, counted: bool = False) -> bytes:
        counts = _encode(self._counts())[1:-1] + b"," if counted else b""
        head = b'{"candidates":[{"content":{"parts":[{%b}],"role":"model"}%b,"index":0}],' % (part, finish)
        return head + counts + self._tail

    def _frame(self, data: bytes) -> bytes:
        return self._open_frame() + data + (b"\r\n\r\n" if self._sse else b"")

    def _open_frame(self) -> bytes:
        if self._sse:
            return b"data: "
        begun, self._begun = self._begun, True
        return b",\r\n" if begun else b"["

    def _counts(self) -> dict[str, Any]:
        return _counts(self._prompt_tokens, self._text_sent, self._reasoning_sent)


def _counts(prompt: int, text: int, thoughts: int) -> dict[str, Any]:
    counts = {"promptTokenCount": prompt, "candidatesTokenCount": text, "totalTokenCount": prompt + text + thoughts}
    if thoughts:
        counts["thoughtsTokenCount"] = thoughts
    return {"usageMetadata": counts}


def _error(refusal: Refusal) -> dict[str, Any]:
    message = refusal.message
    if refusal.code == "context_length_exceeded":
        message = f"{_TOO_LONG} {message}"
    status = _STATUS.get(refusal.status, "UNAVAILABLE" if refusal.status >= 500 else "UNKNOWN")
    return {"error": {"code": refusal.status, "message": message, "status": status}}


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(_encode(value), indent=2)
