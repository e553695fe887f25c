"""The body of a successful response of Ollama, whatever it turns out to be: bytes in, deltas out. Pure.

Any chunking of the same bytes gives the same deltas.
"""

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta
from millrace.providers import failures
from millrace.providers.failures import Call
from millrace.providers.ndjson import LineDecoder, LineTooLong, without_bom
from millrace.providers.ollama_wire import OllamaDecoder, decode_line
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES


class OllamaBody:
    """Reads the body of a response with a successful status.

    `failure` is set when the answer broke; the deltas that came before it have been returned, so the text is kept.
    `done` says that nothing more will be read, `ended` that the model has ended, which is the same here.
    """

    __slots__ = ("_begun", "_call", "_decoder", "_limit", "_lines", "_page", "_size", "done", "ended", "failure")

    def __init__(self, call: Call, max_line_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._call = call
        self._limit = max_line_bytes
        self._decoder = OllamaDecoder(call)
        self._lines = LineDecoder(max_line_bytes)
        self._begun = False
        self._page: list[bytes] | None = None  # the lines of a body whose first is no JSON: a web page, mostly
        self._size = 0
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
            for line in self._lines.feed(chunk):
                self._take(line, out)
        except LineTooLong as error:
            self._fail(failures.too_large(self._call, error))
        except MillraceError as error:
            self._fail(error)
        else:
            self.done = self.ended = self._decoder.done
        return out

    def close(self, cause: object = "") -> list[Delta]:
        """End the body; `cause` is what ended it where that was no regular end. Sets `failure` if it is truncated."""
        out: list[Delta] = []
        if self.done:
            return out
        try:
            last = self._lines.close()
            if last and (not self._begun or self._page is not None or _complete(last)):
                self._take(last, out)
            if self._page is not None:
                self._close_page(b"\n".join(self._page), out)
            elif not self._begun and not cause:
                raise failures.empty(self._call)
            self._decoder.close(out, cause)
        except LineTooLong as error:
            self._fail(failures.too_large(self._call, error))
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

    def _take(self, line: bytes, out: list[Delta]) -> None:
        if self._page is not None:
            self._page.append(line)
            self._size += len(line)
            if self._size > self._limit:
                raise LineTooLong(self._limit)
            return
        if not self._begun:
            self._begun = True
            line = without_bom(line)
            if not _complete(line):
                self._page = [line]
                return
        self._decoder.feed(line, out)

    def _close_page(self, body: bytes, out: list[Delta]) -> None:
        """A body whose first line is no JSON: one object over several lines, half a line, or a page."""
        if body.lstrip().startswith(b"<"):
            raise failures.not_an_api(self._call, body[:500].decode("utf-8", "replace"))
        if _complete(body):
            self._decoder.feed(body, out)
        elif self._page != [body] or not body.startswith(b"{"):
            raise failures.unreadable(self._call, body[:500].decode("utf-8", "replace"))


def _complete(line: bytes) -> bool:
    """Whether it can be read as it is."""
    try:
        decode_line(line)
    except ValueError:
        return False
    return True
