"""The body of a Gemini response, in each of the forms in which its slices come: bytes in, deltas out. Pure.

With `alt=sse` it is an event stream, in which an error may stand bare, as JSON over several lines. Without, it is one
JSON array that is written piece by piece. Any chunking of the same bytes gives the same deltas.
"""

from typing_extensions import override

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta
from millrace.providers import failures
from millrace.providers.failures import Call
from millrace.providers.gemini_slices import decode_slice
from millrace.providers.gemini_wire import GeminiDecoder
from millrace.providers.json_objects import JsonObjects
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES, EventTooLarge, SseDecoder, SseEvent

_BOM = b"\xef\xbb\xbf"
_MAX_BLANK = 4096  # after so much white space a body is taken for an event stream
_MAX_PAGE = 500  # of a web page so much is kept, for the log


class _EventsAndBareJson(SseDecoder):
    """An event stream in which whole JSON objects may stand outside of events, over several lines."""

    __slots__ = ("_bare", "_in_bare")

    def __init__(self, max_event_bytes: int) -> None:
        super().__init__(max_event_bytes)
        self._bare = JsonObjects(max_event_bytes)
        self._in_bare = False

    @override
    def _read(self, lines: list[bytes]) -> list[SseEvent]:
        if not self._in_bare and not any(line.startswith((b"{", b"[")) for line in lines):
            return super()._read(lines)
        events: list[SseEvent] = []
        for line in lines:
            if self._in_bare or line.startswith((b"{", b"[")):
                events += self._bare_line(line + b"\n")
            else:
                events += super()._read([line])
        return events

    @override
    def close(self) -> SseEvent | None:
        if not self._in_bare and not any(part.startswith((b"{", b"[")) for part in self._open[:1]):
            return super().close()
        found = self._bare_line(self._joined(b""))
        return found[0] if found else None

    def _bare_line(self, line: bytes) -> list[SseEvent]:
        found = [SseEvent(data) for data in self._bare.feed(line)]
        self._in_bare = not found or not self._bare.idle
        return found


class GeminiBody:
    """Reads the body of a response with a successful status; its kind is told by its first byte.

    `failure`, `done` and `ended` are those of `ChatBody`.
    """

    __slots__ = ("_call", "_decoder", "_head", "_limit", "_objects", "_page", "_sse", "done", "ended", "failure")

    def __init__(self, call: Call, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._call = call
        self._limit = max_event_bytes
        self._decoder = GeminiDecoder(call)
        self._sse: SseDecoder | None = None
        self._objects: JsonObjects | None = None
        self._page: bytes | None = None
        self._head = b""
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
        try:
            for event in self._events(chunk):
                self._decoder.feed(event, out)
        except EventTooLarge as error:
            self.fail(failures.too_large(self._call, error))
        except MillraceError as error:
            self.fail(error)
        else:
            self.ended = self._decoder.ended
        return out

    def close(self, cause: object = "") -> list[Delta]:
        """End the body; `cause` is what ended it where that was no regular end. Sets `failure` if it is truncated."""
        out: list[Delta] = []
        if self.done:
            return out
        try:
            if self._page is not None:
                raise failures.not_an_api(self._call, self._page.decode("utf-8", "replace"))
            if self._sse is not None and (event := self._sse.close()) is not None and _is_slice(event.data):
                self._decoder.feed(event, out)
            if self._sse is None and self._objects is None and not cause:
                raise failures.empty(self._call)
            self._decoder.close(out, cause)
        except MillraceError as error:
            self.fail(error)
        else:
            self.done = self.ended = True
        return out

    def fail(self, failure: MillraceError) -> None:
        """End the answer for a reason that is not in the body; an earlier failure stands."""
        if self.failure is None:
            self.failure = failure
            self.done = True

    def _events(self, chunk: bytes) -> list[SseEvent]:
        if self._sse is not None:
            return self._sse.feed(chunk)
        if self._objects is not None:
            return [SseEvent(data) for data in self._objects.feed(chunk)]
        if self._page is not None:
            self._page += chunk[: _MAX_PAGE - len(self._page)]
            return []
        begun = self._begun(chunk)
        return [] if begun is None else self._events(begun)

    def _begun(self, chunk: bytes) -> bytes | None:
        """What is to be read, once it is known what the body is."""
        head = self._head + chunk
        begun = head.removeprefix(_BOM).lstrip()
        if (not begun or _BOM.startswith(begun)) and len(head) < _MAX_BLANK:
            self._head = head
            return None
        self._head = b""
        if begun[:1] in (b"{", b"["):
            self._objects = JsonObjects(self._limit)
        elif begun[:1] == b"<":
            self._page = b""
        else:
            self._sse = _EventsAndBareJson(self._limit)
            return head
        return begun


def _is_slice(data: bytes) -> bool:
    """Whether an event that lacks its blank line is whole otherwise."""
    try:
        decode_slice(data)
    except ValueError:
        return False
    return True
