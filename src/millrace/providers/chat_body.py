"""The body of a successful response to a chat, whatever it turns out to be: bytes in, deltas out. Pure.

Any chunking of the same bytes gives the same deltas.
"""

from typing import Protocol

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, TextPiece
from millrace.providers import failures
from millrace.providers.failures import Call
from millrace.providers.lenient_json import repaired
from millrace.providers.openai_wire import ChatCompletionsDecoder
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES, EventTooLarge, SseDecoder, SseEvent
from millrace.providers.text_chunk import TextChunk

_BOM = b"\xef\xbb\xbf"
_MAX_BLANK = 4096  # after so much white space a body is taken for an event stream


class EventDecoder(Protocol):
    """What reads the events of one answer on one wire.

    `done` says that nothing more will be read, `ended` that the model has ended its answer.
    """

    done: bool

    @property
    def known(self) -> TextChunk | None:
        """Reads events that are as earlier ones but for their text, which need not be given to `feed` then, if any."""

    @property
    def ended(self) -> bool:
        """Whether a stream that ends now is a whole answer."""

    def feed(self, event: SseEvent, out: list[Delta]) -> None:
        """Read one event and append what it says to `out`.

        Raises:
            MillraceError: The provider reports a failure, or sent something that cannot be read.
        """

    def whole(self, data: bytes, out: list[Delta]) -> None:
        """Read an answer, or the error in its place, that came in one piece.

        Raises:
            MillraceError: It is an error, or cannot be read.
        """

    def close(self, out: list[Delta], cause: object = "") -> None:
        """End the stream.

        Raises:
            ProviderFailure: It ended before the model did.
        """


class ChatBody:
    """Reads the body of a response with a successful status.

    Args:
        call: What was asked.
        max_event_bytes: The largest event, or whole answer, in bytes.
        decoder: Reads the events; that of OpenAI's chat completions where none is given.

    Its kind is told by its first byte, not by the media type, which servers get wrong: `{` or `[` begins JSON, `<` a
    web page, anything else an event stream. `failure` is set when the answer broke; the deltas that came before it
    have been returned, so the text is kept. `done` says that nothing more will be read, `ended` that the model has
    ended, so that what is missing is at most its usage.
    """

    __slots__ = (
        "_call",
        "_decoder",
        "_head",
        "_known",
        "_limit",
        "_size",
        "_sse",
        "_whole",
        "done",
        "ended",
        "failure",
    )

    def __init__(
        self, call: Call, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES, decoder: EventDecoder | None = None
    ) -> None:
        self._call = call
        self._limit = max_event_bytes
        self._decoder: EventDecoder = ChatCompletionsDecoder(call) if decoder is None else decoder
        self._known = self._decoder.known
        self._sse: SseDecoder | None = None
        self._head = b""
        self._size = 0
        self._whole: list[bytes] | None = None  # the pieces of a body that is no event stream
        self.failure: MillraceError | None = None
        self.done = False
        self.ended = False

    @property
    def whole(self) -> bool:
        """Whether it was read to its end and is a whole answer."""
        return self.done and self.failure is None

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take the next bytes; return what they say, in order."""
        out: list[Delta] = []
        if self.done:
            return out
        sse, known = self._sse, self._known
        try:
            if sse is None:
                self._feed_unknown(chunk, out)
            else:
                alone = sse.between_events and len(chunk) <= self._limit
                if alone and known is not None and (text := known.text(chunk)):
                    return [TextPiece(text)]
                feed = self._decoder.feed
                for event in sse.feed(chunk):
                    feed(event, out)
        except EventTooLarge as error:
            self._fail(failures.too_large(self._call, error))
        except MillraceError as error:
            self._fail(error)
        else:
            decoder = self._decoder
            self.done = decoder.done
            self.ended = decoder.ended
        return out

    def close(self, cause: object = "") -> list[Delta]:
        """End the body; `cause` is what ended it where that was no regular end. Sets `failure` if it is truncated."""
        out: list[Delta] = []
        if self.done:
            return out
        try:
            if self._whole is not None:
                self._close_whole(b"".join(self._whole), out, cause)
            elif self._sse is not None:
                if (event := self._sse.close()) is not None:
                    self._last(event, out)
                self._decoder.close(out, cause)
            else:
                raise failures.truncated(self._call, cause) if cause else failures.empty(self._call)
        except MillraceError as error:
            self._fail(error)
        else:
            self.done = self.ended = True
        return out

    def fail(self, failure: MillraceError) -> None:
        """End the answer for a reason that is not in the body; an earlier failure stands."""
        if self.failure is None:
            self._fail(failure)

    def _fail(self, failure: MillraceError) -> None:
        self.failure = failure
        self.done = True

    def _feed_unknown(self, chunk: bytes, out: list[Delta]) -> None:
        if self._whole is None:
            head = self._head + chunk
            begun = head.removeprefix(_BOM).lstrip()
            if (not begun or _BOM.startswith(begun)) and len(head) < _MAX_BLANK:
                self._head = head
                return
            self._head = b""
            if not begun or begun[0] not in b"{[<":
                self._sse = SseDecoder(self._limit)
                for event in self._sse.feed(head):
                    self._decoder.feed(event, out)
                return
            self._whole = []
            chunk = begun
        self._whole.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            raise EventTooLarge(self._limit)

    def _close_whole(self, body: bytes, out: list[Delta], cause: object) -> None:
        if body.startswith(b"<"):
            raise failures.not_an_api(self._call, body[:500].decode("utf-8", "replace"))
        if cause:
            raise failures.truncated(self._call, cause)
        self._decoder.whole(body, out)

    def _last(self, event: SseEvent, out: list[Delta]) -> None:
        """Read an event that lacks its blank line, if it is whole otherwise."""
        if not event.data.startswith(b"[DONE]"):
            try:
                repaired(event.data)
            except ValueError:
                return  # half an event: the stream was cut in it
        self._decoder.feed(event, out)
