"""Answers for pipes and files: the text as it is, and nothing else on standard output but its sources."""

from typing import IO

from millrace.cli.client.notices import Ended, Notice, Piece, Problem
from millrace.cli.terminal.footer import sources
from millrace.cli.terminal.view import sentence


class PlainView:
    """Implements `View`.

    Args:
        out: Gets the answer, piece by piece.
        errors: Gets everything else.
    """

    interactive = False

    def __init__(self, out: IO[str], errors: IO[str]) -> None:
        self._out = out
        self._errors = errors
        self._status = ""
        self._last = "\n"

    def feed(self, notice: Notice) -> None:
        """Write a piece."""
        if isinstance(notice, Piece):
            self._write(notice.text)

    def paint(self, status: str) -> None:
        """Say what is wrong with the connection, once."""
        self._out.flush()
        kind = status.partition(" ")[0]
        if status and kind != self._status:
            self._tell(status)
        self._status = kind

    def end(self, ended: Ended) -> None:
        """Finish the text; say what failed."""
        if ended.mended:
            self._tell("The text above did not arrive whole. Here it is again, as the server has it:")
            self._finish_line()
            self._write(ended.text)
        self._finish_line()
        listed = sources(ended.metadata)
        if listed:
            self._write("\n" + "\n".join(line.plain for line in listed) + "\n")
        self._out.flush()
        if ended.problem is not None:
            self.fail(ended.problem)
        elif ended.status == "cancelled":
            self._tell("Stopped.")

    def fail(self, problem: Problem) -> None:
        """Say it."""
        self._finish_line()
        self._out.flush()
        self._tell(sentence(problem))

    def close(self) -> None:
        """Let nothing stay in a buffer."""
        self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._last = text[-1:] or self._last

    def _finish_line(self) -> None:
        if self._last != "\n":
            self._write("\n")

    def _tell(self, text: str) -> None:
        self._errors.write(f"millrace: {text}\n")
        self._errors.flush()
