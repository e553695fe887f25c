"""The lines of Ollama's own chat stream: lines in, deltas out. Pure."""

from typing import Any

import msgspec
from msgspec import Struct

from millrace.model.events import Usage
from millrace.model.generation import Delta, Finished, ReasoningPiece, TextPiece, UsageReported
from millrace.providers import failures
from millrace.providers.failures import Call
from millrace.providers.lenient_json import repaired
from millrace.providers.logprobs import score
from millrace.providers.openai_chunks import finish_reason
from millrace.providers.refusals import refusal_of
from millrace.providers.think_tags import ThinkTagSplitter


class OllamaMessage(Struct, gc=False):
    """What the answer gains with a line."""

    content: Any = None
    thinking: Any = None
    tool_calls: Any = None


class OllamaLine(Struct, gc=False):
    """One line. The last has `done`, why the model ended, and the counts."""

    message: OllamaMessage | None = None
    done: Any = None
    done_reason: Any = None
    prompt_eval_count: Any = None
    eval_count: Any = None
    error: Any = None
    logprobs: Any = None


_decode = msgspec.json.Decoder(OllamaLine).decode


def decode_line(data: bytes) -> OllamaLine:
    """Read one line.

    Raises:
        ValueError: It is not JSON, or not of the shape of a line.
    """
    try:
        return _decode(data)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    except ValueError:
        return _decode(repaired(data))


class OllamaDecoder:
    """Reads the lines of one answer. An answer is whole when a line with `done` has come."""

    __slots__ = ("_call", "_splitter", "_tools", "done")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._splitter: ThinkTagSplitter | None = ThinkTagSplitter()
        self._tools = False
        self.done = False

    def feed(self, data: bytes, out: list[Delta]) -> None:
        """Read one line and append what it says to `out`.

        Raises:
            MillraceError: The server reports a failure, or sent something that cannot be read. What was
                appended before it stands.
        """
        if self.done:
            return
        try:
            line = decode_line(data)
        except ValueError as error:
            self.done = True
            raise failures.unreadable(self._call, error) from error
        if (message := line.message) is not None:
            if message.thinking and isinstance(message.thinking, str):
                out.append(ReasoningPiece(message.thinking))
            if message.content and isinstance(message.content, str):
                self._text(message.content, out)
                if line.logprobs is not None:
                    score(line.logprobs, out)
            if message.tool_calls:
                self._tools = True
        if line.error is not None:
            self.done = True
            self._release(out)
            raise failures.refused(self._call, refusal_of(line.error))
        if line.done is True:
            self._finished(line, out)

    def close(self, out: list[Delta], cause: object = "") -> None:
        """End the stream.

        Raises:
            ProviderFailure: It ended before the model did. What was held back is in `out` all the same.
        """
        if not self.done:
            self.done = True
            self._release(out)
            raise failures.truncated(self._call, cause)

    def _text(self, text: str, out: list[Delta]) -> None:
        """Models that the server does not know to think may still write their thinking into the text."""
        splitter = self._splitter
        if splitter is None:
            out.append(TextPiece(text))
            return
        out.extend(splitter.feed(text))
        if splitter.settled:
            self._splitter = None

    def _release(self, out: list[Delta]) -> None:
        if self._splitter is not None:
            out.extend(self._splitter.close())
            self._splitter = None

    def _finished(self, line: OllamaLine, out: list[Delta]) -> None:
        self.done = True
        self._release(out)
        prompt, answer = _count(line.prompt_eval_count), _count(line.eval_count)
        if prompt is not None or answer is not None:  # a prompt that the server still knows is not counted
            out.append(UsageReported(Usage(prompt or 0, answer or 0)))
        word = line.done_reason if isinstance(line.done_reason, str) else ""
        out.append(Finished(finish_reason(word or "stop", tools=self._tools, refused=False)))


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
