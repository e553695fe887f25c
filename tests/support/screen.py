"""A terminal that a test can read: what a program writes, as the rows that a person would see."""

import io

import pyte


class Screen(io.StringIO):
    """A file that shows what is written to it on a screen of `columns` and `rows`, with what scrolled off above it."""

    def __init__(self, columns: int = 60, rows: int = 20) -> None:
        super().__init__()
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
        self._stream = pyte.Stream(self._screen)
        self._screen.set_mode(pyte.modes.LNM)  # as the line discipline of a terminal does
        self.written = 0

    def write(self, text: str, /) -> int:
        self.written += len(text)
        self._stream.feed(text)
        return len(text)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)

    @property
    def cursor_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)

    def lines(self) -> list[str]:
        """All rows, also those that scrolled off, without empty ones at the end."""
        above = ["".join(row[at].data for at in range(self._screen.columns)) for row in self._screen.history.top]
        rows = [row.rstrip() for row in [*above, *self._screen.display]]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def visible(self) -> list[str]:
        """The rows on the screen now."""
        return [row.rstrip() for row in self._screen.display]
