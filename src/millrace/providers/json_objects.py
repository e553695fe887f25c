"""The objects of a JSON array, or of one document after the other, as their bytes come. Pure."""

import re

from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES, EventTooLarge

_OUTSIDE = re.compile(rb'"(?:[^"\\]|\\.)*+"|["{}]', re.DOTALL)  # a whole string, or the beginning of one
_QUOTE, _OPEN = b'"{'
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
        if not self._in_string or self._left_string():
            self._scan(found)
        self._forget()
        return found

    def _scan(self, found: list[bytes]) -> None:
        """Look at what stands outside of strings, and pass over whole strings."""
        for match in _OUTSIDE.finditer(self._buffer, self._place):
            begin, end = match.span()
            mark = self._buffer[begin]
            if mark == _QUOTE:
                if end - begin == 1:  # a string whose end has not come
                    self._in_string, self._place = True, end
                    self._left_string()
                    return
            elif mark == _OPEN:
                if not self._depth:
                    self._begin = begin
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    found.append(bytes(self._buffer[self._begin : end]))
                    self._begin = end
        self._place = len(self._buffer)

    def _left_string(self) -> bool:
        """Look for the end of the string that is open; whether it has come."""
        while (match := _INSIDE.search(self._buffer, self._place)) is not None:
            self._place = match.end()
            if match.group() == b'"':
                self._in_string = False
                return True
            if self._place == len(self._buffer):
                self._place -= 1  # what it escapes has not come
                return False
            self._place += 1
        self._place = len(self._buffer)
        return False

    def _forget(self) -> None:
        """Drop the bytes that no open object needs."""
        used = self._begin if self._depth else self._place
        del self._buffer[:used]
        self._place -= used
        self._begin = 0
        if len(self._buffer) > self._limit:
            raise EventTooLarge(self._limit)
