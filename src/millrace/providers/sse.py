"""Server-sent events, decoded from bytes as they come: no I/O, any chunking gives the same events.

The rules are the WHATWG's (HTML living standard, "event stream interpretation"). Two liberties: data stays
bytes, because JSON decoders read bytes, and an event without its blank line at the end of the stream is
offered by `close` instead of being thrown away, so that the caller can decide.
"""

from msgspec import Struct

_BOM = b"\xef\xbb\xbf"
_LF = 10
DEFAULT_MAX_EVENT_BYTES = 8 * 1024 * 1024
"""Chunks of chat are under 1 KiB; Perplexity repeats the whole answer and its sources in each of its chunks."""


class EventTooLarge(ValueError):
    """An event, or a line without end, is longer than the decoder's limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a server-sent event is longer than {limit} bytes")


class SseEvent(Struct, frozen=True, gc=False):
    """One dispatched event. `name` is empty where none was given; `id` stays until the stream changes it."""

    data: bytes
    name: str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """The data as text; invalid UTF-8 becomes U+FFFD."""
        return self.data.decode("utf-8", "replace")


class SseDecoder:
    """Turns the bytes of an event stream into events, in time linear in the bytes.

    Args:
        max_event_bytes: The most that an unfinished event (its data and its open line) may hold, in bytes.

    `retry` is the reconnection time that the stream last asked for, in milliseconds. `between_events` says that nothing
    is pending: what comes next begins an event, which has neither name nor id yet.
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_data",
        "_head",
        "_head_name",
        "_held",
        "_id",
        "_limit",
        "_name",
        "_open",
        "between_events",
        "retry",
    )

    def __init__(self, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self.retry: int | None = None
        self._limit = max_event_bytes
        self._open: list[bytes] = []  # fragments of a line whose end has not come
        self._data: list[bytes] = []  # data lines of the event that is being collected
        self._held = 0  # bytes in both
        self._name = ""
        self._id = ""
        self._after_cr = False  # the last chunk ended in CR: an LF that follows belongs to it
        self._at_start = True
        self.between_events = False  # nothing is pending, so that a whole event may take the short way
        self._head = b"data: "  # what stood before the data of the last event that took it
        self._head_name = ""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Take the next bytes; return the events they complete, in order.

        Raises:
            EventTooLarge: An event is over the limit. The stream cannot be decoded further.
        """
        # The short way: exactly one event of one data line, which is what providers send in one write; most often what
        # stands before its data is what stood before that of the last one.
        if self.between_events and b"\r" not in chunk and len(chunk) <= self._limit:
            head = self._head if chunk.startswith(self._head) else self._head_of(chunk)
            if head and chunk.find(b"\n", len(head)) == len(chunk) - 2 and chunk[-1] == _LF:
                return [SseEvent(chunk[len(head) : -2], self._head_name)]
        return self._feed_lines(chunk)

    def close(self) -> SseEvent | None:
        """End the stream; return the event that has data but lacks its blank line, if there is one."""
        if self._open:
            self._line(self._joined(b""))
        return self._dispatch() if self._data else None

    def _head_of(self, chunk: bytes) -> bytes:
        """What stands before the data of an event, to be known again; empty where it is of another form."""
        if chunk.startswith(b"data: "):
            self._head, self._head_name = b"data: ", ""
            return self._head
        end = chunk.find(b"\n")
        if not chunk.startswith(b"event: ") or not chunk.startswith(b"data: ", end + 1):
            return b""
        self._head, self._head_name = chunk[: end + 7], chunk[7:end].decode("utf-8", "replace")
        return self._head

    def _feed_lines(self, chunk: bytes) -> list[SseEvent]:
        if self._at_start:
            chunk = self._without_bom(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if not chunk:
            return []
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._open:
            lines[0] = self._joined(lines[0])
        events = self._read(lines)
        if rest:
            self._open.append(rest)
            self._held += len(rest)
        if self._held > self._limit:
            raise EventTooLarge(self._limit)
        self.between_events = not (rest or self._open or self._data or self._name or self._id or self._after_cr)
        return events

    def _joined(self, end: bytes) -> bytes:
        """The open line, whose end has come."""
        start = b"".join(self._open)
        self._open.clear()
        self._held -= len(start)
        return start + end

    def _read(self, lines: list[bytes]) -> list[SseEvent]:
        events: list[SseEvent] = []
        for line in lines:
            if line:
                self._line(line)
            elif self._data:
                events.append(self._dispatch())
            else:
                self._name = ""
        return events

    def _without_bom(self, chunk: bytes) -> bytes:
        """Drop one leading BOM, which may come in pieces."""
        if self._open:
            chunk = self._open.pop() + chunk
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._open = [chunk] if chunk else []
            return b""
        self._at_start = False
        return chunk.removeprefix(_BOM)

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data: "):  # as nearly all lines do
            self._take(line[6:])
            return
        field, _, value = line.partition(b":")  # a comment has the empty field name, which nothing below knows
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            self._take(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif field == b"retry" and value.isdigit() and len(value) < 16:
            self.retry = int(value)

    def _take(self, value: bytes) -> None:
        self._held += len(value)
        if self._held > self._limit:
            raise EventTooLarge(self._limit)
        self._data.append(value)

    def _dispatch(self) -> SseEvent:
        data = self._data
        whole = data[0] if len(data) == 1 else b"\n".join(data)
        event = SseEvent(whole, self._name, self._id)
        self._held -= len(whole) - len(data) + 1  # the line ends between them were not counted
        data.clear()
        self._name = ""
        return event
