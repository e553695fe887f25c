"""The events of OpenAI-compatible chat completions: events in, deltas out. Pure."""

from typing import Any

from millrace.model.errors import MillraceError
from millrace.model.generation import CitationsFound, Delta, Finished, ReasoningPiece, TextPiece, UsageReported
from millrace.providers import failures
from millrace.providers.citations import CitationCollector
from millrace.providers.failures import Call, Refusal
from millrace.providers.logprobs import score
from millrace.providers.openai_chunks import (
    BROKEN_FINISH,
    ChatChunk,
    ChatDelta,
    WholeCompletion,
    decode_chunk,
    decode_plain_chunk,
    decode_whole,
    finish_reason,
    speaks_beside,
    usage_of,
)
from millrace.providers.refusals import refusal_of
from millrace.providers.sse import SseEvent
from millrace.providers.text_chunk import TextChunk
from millrace.providers.think_tags import ThinkTagSplitter


class ChatCompletionsDecoder:
    """Reads the events of one answer.

    Text and reasoning are given as they come; usage and citations when they change. `Finished` is given at
    the end (`[DONE]`, or `close`), for usage and even text may follow a finish reason. `ended` says that the
    model has named one, `done` that nothing more will be read. `known` is what came before, to be known again.
    """

    __slots__ = (
        "_call",
        "_citations",
        "_finish",
        "_refused",
        "_splitter",
        "_tools",
        "_usage",
        "done",
        "ended",
        "known",
    )

    def __init__(self, call: Call) -> None:
        self._call = call
        self.known = TextChunk()
        self._splitter: ThinkTagSplitter | None = ThinkTagSplitter()
        self._citations: CitationCollector | None = None
        self._usage: UsageReported | None = None
        self._finish = ""
        self._tools = False
        self._refused = False
        self.done = False
        self.ended = False

    def feed(self, event: SseEvent, out: list[Delta]) -> None:
        """Read one event and append what it says to `out`.

        Raises:
            MillraceError: The provider reports a failure, or sent something that cannot be read. What was
                appended before it stands.
        """
        data = event.data
        if self.done or not data or data.isspace():
            return
        if data.startswith(b"[DONE]"):
            self._finished(out)
            return
        try:
            chunk = decode_plain_chunk(data)
        except (ValueError, RecursionError):
            chunk = self._decode(event)
        choices = chunk.choices
        if choices and (choice := choices[0]) is not None and not choice.index:
            if (delta := choice.delta) is not None:
                self._delta(delta, out)
            if choice.logprobs is not None:
                score(choice.logprobs, out)
            if choice.finish_reason:
                self._finish_word(choice.finish_reason)
        if event.name or self._finish or speaks_beside(chunk):
            self._beside(chunk, event, out)
        elif self._splitter is None and out and type(out[-1]) is TextPiece:
            self.known.learn(data)

    def _decode(self, event: SseEvent) -> ChatChunk:
        """Read a chunk that takes more than the plain way."""
        try:
            return decode_chunk(event.data)
        except ValueError as error:
            raise self._unreadable(event, error) from error

    def _beside(self, chunk: ChatChunk, event: SseEvent, out: list[Delta]) -> None:
        """Read what stands beside the choices."""
        self._report_usage(chunk, out)
        if chunk.citations or chunk.search_results:
            self._cite(self._collector().from_lists(chunk.citations, chunk.search_results), out)
        if chunk.error is not None or event.name == "error" or chunk.object == "error" or chunk.type == "error":
            self._fail(chunk)
        if self._finish in BROKEN_FINISH:
            self._broken()
        if chunk.object == "chat.completion" and chunk.choices and chunk.choices[0] and not chunk.choices[0].delta:
            self.whole(event.data, out)  # a server that puts a whole completion into one event

    def whole(self, data: bytes, out: list[Delta]) -> None:
        """Read a whole completion, from a server that does not stream, as one piece.

        Raises:
            MillraceError: It is an error, or cannot be read.
        """
        try:
            answer = decode_whole(data)
        except ValueError as error:
            raise failures.unreadable(self._call, error) from error
        choice = answer.choices[0] if answer.choices else None
        if choice is not None:
            if choice.message is not None:
                self._delta(choice.message, out)
            score(choice.logprobs, out)
            if choice.finish_reason:
                self._finish_word(choice.finish_reason)
        self._report_usage(answer, out)
        self._cite(self._collector().from_lists(answer.citations, answer.search_results), out)
        if answer.error is not None or choice is None:
            self._fail(answer)
        if self._finish in BROKEN_FINISH:
            self._broken()
        self._finished(out)

    def close(self, out: list[Delta], cause: object = "") -> None:
        """End the stream.

        Raises:
            ProviderFailure: It ended before the model did. What was held back is in `out` all the same.
        """
        if self.done:
            return
        if not self._finish:
            self._release(out)
            raise failures.truncated(self._call, cause)
        self._finished(out)

    def _delta(self, delta: ChatDelta, out: list[Delta]) -> None:
        reasoning = delta.reasoning_content or delta.reasoning
        if reasoning:
            out.extend(ReasoningPiece(text) for text in _texts(reasoning) if text)
        content = delta.content
        if content:
            if self._splitter is None and type(content) is str:
                out.append(TextPiece(content))  # nearly always, and for each token
            elif isinstance(content, str):
                self._text(content, out)
            else:
                self._parts(content, out)
        if delta.tool_calls or delta.function_call:
            self._tools = True
        if delta.refusal and isinstance(delta.refusal, str):
            self._refused = True
            self._text(delta.refusal, out)
        if delta.annotations:
            self._cite(self._collector().from_annotations(delta.annotations), out)

    def _text(self, text: str, out: list[Delta]) -> None:
        splitter = self._splitter
        if splitter is None:
            out.append(TextPiece(text))
            return
        out.extend(splitter.feed(text))
        if splitter.settled:
            self._splitter = None

    def _parts(self, content: Any, out: list[Delta]) -> None:
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                self._text(part, out)
            elif isinstance(part, dict) and part.get("type") == "thinking":
                out.extend(ReasoningPiece(text) for text in _texts(part.get("thinking")) if text)
            elif isinstance(part, dict) and isinstance(text := part.get("text"), str) and text:
                self._text(text, out)

    def _finish_word(self, word: Any) -> None:
        if isinstance(word, str) and (not self._finish or word in BROKEN_FINISH):
            self._finish = word  # once seen it stays
            self.ended = bool(self._finish)

    def _report_usage(self, chunk: ChatChunk | WholeCompletion, out: list[Delta]) -> None:
        counted = usage_of(chunk)
        if counted is not None and (report := UsageReported(*counted)) != self._usage:
            self._usage = report
            out.append(report)

    def _collector(self) -> CitationCollector:
        if self._citations is None:
            self._citations = CitationCollector()
        return self._citations

    def _cite(self, citations: Any, out: list[Delta]) -> None:
        if citations:
            out.append(CitationsFound(citations))

    def _release(self, out: list[Delta]) -> None:
        if self._splitter is not None:
            out.extend(self._splitter.close())
            self._splitter = None

    def _finished(self, out: list[Delta]) -> None:
        self.done = self.ended = True
        self._release(out)
        out.append(Finished(finish_reason(self._finish or "stop", tools=self._tools, refused=self._refused)))

    def _fail(self, chunk: ChatChunk | WholeCompletion) -> None:
        self.done = self.ended = True
        raise failures.refused(self._call, refusal_of(_error(chunk)))

    def _broken(self) -> None:
        self.done = self.ended = True
        raise failures.refused(self._call, Refusal(500, self._finish))

    def _unreadable(self, event: SseEvent, error: ValueError) -> MillraceError:
        self.done = self.ended = True
        if event.name == "error":
            return failures.refused(self._call, Refusal(words=event.text))
        return failures.unreadable(self._call, error)


def _texts(value: Any) -> list[str]:
    """The texts in a string, a part, or a list of either."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return _texts(value.get("text") or value.get("content"))
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []


def _error(chunk: ChatChunk | WholeCompletion) -> Any:
    """The error of a chunk, which older vLLM and Groq put where others put the answer."""
    if chunk.error is not None:
        return chunk.error
    return {"code": chunk.code, "type": chunk.type, "message": chunk.message}
