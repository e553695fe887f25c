"""The events of Anthropic's Messages stream: events in, deltas out. Pure."""

from typing import Any

from msgspec import Struct

from millrace.model.errors import ContentFiltered
from millrace.model.events import Citation
from millrace.model.generation import CitationsFound, Delta, Finished, ReasoningPiece, TextPiece, UsageReported
from millrace.providers import failures
from millrace.providers.anthropic_citations import BlockCitations
from millrace.providers.anthropic_events import (
    Block,
    Event,
    EventDelta,
    UsageCounter,
    decode_event,
    decode_message,
    error_of,
)
from millrace.providers.failures import Call
from millrace.providers.openai_chunks import finish_reason
from millrace.providers.replay import Replay
from millrace.providers.sse import SseEvent


class ThinkingBlock(Struct, frozen=True):
    """One block of thinking, to be sent back exactly as it came where a conversation goes on within a turn.

    Either text and the signature that vouches for it, or `redacted`, which only the provider can read.
    """

    text: str = ""
    signature: str = ""
    redacted: str = ""


class _Thought(Struct):
    pieces: list[str] = []
    signature: str = ""
    redacted: str = ""


class AnthropicDecoder:
    """Reads the events of one answer.

    An answer is whole when `message_stop` has come and a stop reason before it. A second `message_start` begins the
    answer anew, which gateways do that try again behind a connection they keep. What repeats what was given is left
    out; where the second attempt says something else, the answer is broken, for nobody can take words back.

    Args:
        call: What was asked.
        trimmed: White space that was cut off the end of the prompt; an answer that begins with it repeats it.
    """

    known = None  # its events are read one by one

    __slots__ = (
        "_block_at",
        "_call",
        "_chars",
        "_citations",
        "_finish",
        "_said",
        "_started",
        "_text_replay",
        "_thinking_replay",
        "_thoughts",
        "_trimmed",
        "_usage",
        "done",
        "ended",
    )

    def __init__(self, call: Call, trimmed: str = "") -> None:
        self._call = call
        self._trimmed = trimmed
        self._said: list[str] = []
        self._chars = 0
        self._thoughts: list[_Thought] = []
        self._text_replay: Replay | None = Replay(trimmed) if trimmed else None
        self._thinking_replay: Replay | None = None
        self._citations: BlockCitations | None = None
        self._usage = UsageCounter()
        self._block_at = 0
        self._finish = ""
        self._started = False
        self.done = False
        self.ended = False
        """Whether a stop reason has come, so that only `message_stop` is missing."""

    @property
    def thinking(self) -> tuple[ThinkingBlock, ...]:
        """The thinking of the answer so far, byte for byte."""
        return tuple(
            ThinkingBlock("".join(thought.pieces), thought.signature, thought.redacted) for thought in self._thoughts
        )

    @property
    def _position(self) -> int:
        """Where in the answer this attempt is, in characters."""
        return self._chars - (0 if self._text_replay is None else self._text_replay.owing)

    def feed(self, event: SseEvent, out: list[Delta]) -> None:
        """Read one event and append what it says to `out`.

        Raises:
            MillraceError: The provider reports a failure, or sent something that cannot be read. What was
                appended before it stands.
        """
        data = event.data
        if self.done or event.name == "ping" or not data or data.isspace():
            return
        try:
            said = decode_event(data)
        except ValueError as error:
            self.done = True
            if event.name == "error":
                raise failures.refused(self._call, error_of(event.data)) from error
            raise failures.unreadable(self._call, error) from error
        if said.type == "content_block_delta":
            if said.delta is not None:
                self._delta(said.delta, out)
        else:
            self._other(said, event, out)

    def whole(self, data: bytes, out: list[Delta]) -> None:
        """Read an answer that came in one piece, from a server that does not stream.

        Raises:
            MillraceError: It is an error, or cannot be read.
        """
        try:
            message = decode_message(data)
        except ValueError as error:
            raise failures.unreadable(self._call, error) from error
        if message.error is not None or message.content is None:
            raise failures.refused(self._call, error_of(data))
        self._report_usage(message.usage, out)
        for block in message.content:
            if block is not None:
                self._begin_block(block, out)
                for citation in block.citations if isinstance(block.citations, list) else ():
                    self._cite(citation, out)
                self._end_block(out)
        self._stop_reason(message.stop_reason)
        self._finished(out)

    def close(self, out: list[Delta], cause: object = "") -> None:
        """End the stream.

        Raises:
            ProviderFailure: It ended before `message_stop`.
        """
        if not self.done:
            self._end_block(out)
            raise failures.truncated(self._call, cause or "no message_stop")

    def _delta(self, delta: EventDelta, out: list[Delta]) -> None:
        kind = delta.type
        if kind == "text_delta":
            text = delta.text
            if self._text_replay is None and type(text) is str and text:  # what `_text` does to nearly every piece
                out.append(TextPiece(text))
                self._said.append(text)
                self._chars += len(text)
            else:
                self._text(text, out)
        elif kind == "thinking_delta":
            self._think(delta.thinking, out)
        elif kind == "signature_delta":
            if isinstance(delta.signature, str) and self._thoughts:
                self._thoughts[-1].signature += delta.signature
        elif kind == "citations_delta":
            self._cite(delta.citation, out)

    def _other(self, said: Event, event: SseEvent, out: list[Delta]) -> None:
        kind = said.type
        if kind == "content_block_start":
            if said.content_block is not None:
                self._begin_block(said.content_block, out)
        elif kind == "content_block_stop":
            self._end_block(out)
        elif kind == "message_start":
            self._start(said, out)
        elif kind == "message_delta":
            if said.delta is not None:
                self._stop_reason(said.delta.stop_reason)
            self._report_usage(said.usage, out)
        elif kind == "message_stop":
            self._finished(out)
        elif kind == "error" or event.name == "error" or (kind is None and said.error is not None):
            self.done = True
            raise failures.refused(self._call, error_of(event.data))

    def _start(self, said: Event, out: list[Delta]) -> None:
        if self._started:
            self._text_replay = Replay(self._trimmed, "".join(self._said))
            self._thinking_replay = Replay("".join(block.text for block in self.thinking))
            self._thoughts = []
            self._citations = None
            self._usage = UsageCounter()
            self._finish = ""
            self.ended = False
        self._started = True
        if said.message is not None:
            self._report_usage(said.message.usage, out)

    def _begin_block(self, block: Block, out: list[Delta]) -> None:
        self._block_at = self._position
        if block.type == "text":
            self._text(block.text, out)
        elif block.type == "thinking":
            self._thoughts.append(_Thought(signature=block.signature if isinstance(block.signature, str) else ""))
            self._think(block.thinking, out)
        elif block.type == "redacted_thinking":
            self._thoughts.append(_Thought(redacted=block.data if isinstance(block.data, str) else ""))

    def _end_block(self, out: list[Delta]) -> None:
        if self._citations is not None:
            self._found(self._citations.end_block(self._position), out)

    def _text(self, text: Any, out: list[Delta]) -> None:
        if not isinstance(text, str):
            return
        if (replay := self._text_replay) is not None:
            text = replay.beyond(text)
            if replay.broken:
                self.done = True
                raise failures.truncated(self._call, "a second attempt began, and said something else")
            if replay.over:
                self._text_replay = None
        if text:
            out.append(TextPiece(text))
            self._said.append(text)
            self._chars += len(text)

    def _think(self, text: Any, out: list[Delta]) -> None:
        if not isinstance(text, str) or not text:
            return
        if not self._thoughts:
            self._thoughts.append(_Thought())
        self._thoughts[-1].pieces.append(text)
        if (replay := self._thinking_replay) is not None:
            text = replay.beyond(text)
            if replay.over or replay.broken:  # other thoughts are no harm
                self._thinking_replay = None
        if text:
            out.append(ReasoningPiece(text))

    def _cite(self, said: Any, out: list[Delta]) -> None:
        if self._citations is None:
            self._citations = BlockCitations()
        self._found(self._citations.add(said, self._block_at), out)

    def _found(self, citations: tuple[Citation, ...] | None, out: list[Delta]) -> None:
        if citations:
            out.append(CitationsFound(citations))

    def _stop_reason(self, word: Any) -> None:
        if isinstance(word, str) and word:
            self._finish = word
            self.ended = True

    def _report_usage(self, counts: Any, out: list[Delta]) -> None:
        if (usage := self._usage.take(counts)) is not None:
            out.append(UsageReported(usage))

    def _finished(self, out: list[Delta]) -> None:
        """The message has stopped.

        Raises:
            ProviderFailure: Without a reason, or before it had said what a first attempt had said.
            ContentFiltered: The model declined without a word.
        """
        self.done = True
        self._end_block(out)
        if not self._finish:
            raise failures.truncated(self._call, "no stop reason")
        if self._text_replay is not None and self._text_replay.owing:
            raise failures.truncated(self._call, "a second attempt ended before the first")
        reason = finish_reason(self._finish, tools=False, refused=False)
        if reason == "filtered" and not self._chars:
            raise ContentFiltered(detail=failures.detail(self._call, self._finish))
        out.append(Finished(reason))
