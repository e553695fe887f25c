"""The last rows of a terminal, painted over and over: only what changed is written, and nothing is erased first."""

from typing import IO

from millrace.cli.terminal.lines import Line

# "Synchronized output": the terminal shows what stands between these at once. Those that do not know it ignore it.
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"


class Area:
    """Rows that may still change, below all that is there for good. The cursor waits in the row behind them."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._live: list[Line] = []
        self._width = 0
        self._hidden = False

    def paint(self, done: list[Line], live: list[Line], width: int) -> None:
        """Print `done` for good where the rows are, and show `live` behind it. No line is wider than `width`."""
        rows = done + live
        same = 0
        if width == self._width:
            while same < min(len(rows), len(self._live)) and rows[same] == self._live[same]:
                same += 1
        old = self._live[same:]
        up = sum(_height(line, width) for line in old)
        if old or rows[same:]:
            parts = [f"\x1b[{up}A" if up else "", "\r"]
            # Behind a line that fills its row nothing is to be erased, and the cursor still stands upon its last cell.
            parts += [line.painted + ("\x1b[K\n" if line.cells < width else "\n") for line in rows[same:]]
            if len(rows) - same < up:
                parts.append("\x1b[J")
            self._write("".join(parts))
        self._live, self._width = live, width

    def close(self) -> None:
        """Leave what is shown where it is."""
        if self._hidden:
            self._out.write(_SHOW)
            self._out.flush()
        self._live, self._hidden = [], False

    def _write(self, text: str) -> None:
        hide = "" if self._hidden else _HIDE
        self._hidden = True
        self._out.write(f"{_BEGIN}{hide}{text}{_END}")
        self._out.flush()


def _height(line: Line, width: int) -> int:
    """Rows that a line takes since the terminal became narrower than it was painted for."""
    return max(1, -(-line.cells // width))
