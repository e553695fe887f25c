"""The objects of a JSON array, or of one document after the other, as their bytes come. Pure."""

import re

from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES, EventTooLarge

_OUTSIDE = re.compile(rb'["{}]')
_INSIDE = re.compile(rb'["\\]')


class JsonObjects:
    """Cuts a stream at the ends of its outermost objects; what stands between them (`[`, `,`, white space) is dropped.

    Any chunking gives the same objects, in time linear in the bytes.

    Args:
        max_bytes: The most that an unfinished object may hold, in bytes.
    """

    __slots__ = ("_begin", "_buffer", "_depth", "_in_string", "_limit", "_place")

    def __init__(self, max_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._limit = max_bytes
        self._buffer = bytearray()
        self._place = 0  # what has been looked at
        self._begin = 0  # where the open object begins
        self._depth = 0
        self._in_string = False

    @property
    def idle(self) -> bool:
        """Whether no object is open."""
        return not self._depth

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return the objects that they complete, in order.

        Raises:
            EventTooLarge: An object is over the limit. The stream cannot be read further.
        """
        found: list[bytes] = []
        self._buffer += chunk
        while (match := (_INSIDE if self._in_string else _OUTSIDE).search(self._buffer, self._place)) is not None:
            mark = match.group()
            self._place = match.end()
            if mark == b'"':
                self._in_string = not self._in_string
            elif mark == b"\\":
                if self._place == len(self._buffer):
                    self._place -= 1  # what it escapes has not come
                    break
                self._place += 1
            elif mark == b"{":
                if not self._depth:
                    self._begin = match.start()
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    found.append(bytes(self._buffer[self._begin : self._place]))
                    self._begin = self._place
        else:
            self._place = len(self._buffer)
        self._forget()
        return found

    def _forget(self) -> None:
        """Drop the bytes that no open object needs."""
        used = self._begin if self._depth else self._place
        del self._buffer[:used]
        self._place -= used
        self._begin = 0
        if len(self._buffer) > self._limit:
            raise EventTooLarge(self._limit)
