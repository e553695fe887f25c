"""Lines of JSON, decoded from bytes as they come: no I/O, any chunking gives the same lines."""

_BOM = b"\xef\xbb\xbf"


class LineTooLong(ValueError):
    """A line, or the open end of one, is longer than the decoder's limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a line is longer than {limit} bytes")


class LineDecoder:
    """Turns bytes into lines that are not blank, in time linear in the bytes. A line ends with LF or CRLF.

    Args:
        max_line_bytes: The longest line that is accepted, in bytes.
    """

    __slots__ = ("_held", "_limit", "_open")

    def __init__(self, max_line_bytes: int) -> None:
        self._limit = max_line_bytes
        self._open: list[bytes] = []  # fragments of a line whose end has not come
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return the lines they complete, in order.

        Raises:
            LineTooLong: A line is over the limit. The stream cannot be decoded further.
        """
        *lines, rest = chunk.split(b"\n")
        if lines and self._open:
            lines[0] = self._joined() + lines[0]
        if rest:
            self._open.append(rest)
            self._held += len(rest)
        if self._held > self._limit or any(len(line) > self._limit for line in lines):
            raise LineTooLong(self._limit)
        return [line for line in lines if line and not line.isspace()]

    def close(self) -> bytes:
        """End the stream; return the line that lacks its end, empty where there is none."""
        return self._joined().strip()

    def _joined(self) -> bytes:
        line = b"".join(self._open)
        self._open.clear()
        self._held = 0
        return line


def without_bom(data: bytes) -> bytes:
    """Drop the mark that some writers begin a text with."""
    return data.removeprefix(_BOM)
