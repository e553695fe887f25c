"""Answers for people: Markdown that is rendered while it comes."""

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from millrace.cli.client.notices import Ended, Notice, Piece, Problem, Thought, ThoughtOver
from millrace.cli.terminal.area import Area
from millrace.cli.terminal.blocks import Blocks, Part, answer_parser
from millrace.cli.terminal.clean import clean, one_line
from millrace.cli.terminal.footer import figures, sources
from millrace.cli.terminal.lines import Line, render
from millrace.cli.terminal.markdown import AnswerMarkdown
from millrace.cli.terminal.mending import mend
from millrace.cli.terminal.thinking import step_line, time_line
from millrace.cli.terminal.view import sentence

LEAST_ROWS = 3
_MARGIN_ROWS = 3  # for the status, a blank line above it, and the cursor


class LiveView:
    """Implements `View`. What is finished is printed for good; only the last block is painted again.

    A block that is higher than the terminal is printed for good from its top as it grows.
    """

    interactive = True

    def __init__(self, console: Console) -> None:
        self._console = console
        self._area = Area(console.file)
        self._parser = answer_parser()
        self._blocks = Blocks()
        self._done: list[Line] = []
        self._blank = True
        self._rows = 0
        self._letters = 0
        self._width = 0

    def feed(self, notice: Notice) -> None:
        """Take a piece or a thought."""
        if isinstance(notice, Piece):
            self._blocks.add(clean(notice.text))
        elif isinstance(notice, Thought):
            thought = step_line(notice.kind, notice.content, notice.confidence)
            self._print(Padding(thought, (0, 0, 0, 2)), joined=not self._blank)
        elif isinstance(notice, ThoughtOver):
            self._print(Padding(time_line(notice.duration_ms, notice.steps), (0, 0, 0, 2)), joined=not self._blank)

    def paint(self, status: str) -> None:
        """Print what is finished and show what is not."""
        done, live = self._take()
        room = max(LEAST_ROWS, self._console.height - _MARGIN_ROWS)
        if len(live) > room:
            above = live[: len(live) - room]
            done, live = done + above, live[len(above) :]
            self._rows += len(above)
            self._letters += sum(line.letters for line in above)
        if status:
            separator = [] if self._blank and not live else [Line()]
            live = live + separator + render(self._console, Text(status, "dim", no_wrap=True, overflow="ellipsis"))
        self._area.paint(done, live, self._console.width)

    def end(self, ended: Ended) -> None:
        """Print the rest of the answer, and what there is to say about it."""
        if ended.mended:
            self._mend(ended.text)
        self._finish()
        for place, line in enumerate(sources(ended.metadata)):
            self._print(line, joined=place > 0)
        if ended.problem is not None:
            self.fail(ended.problem)
            return
        if ended.status == "cancelled":
            self._print(Text("stopped", "yellow"))
        elif told := figures(ended.metadata):
            self._print(Text(told, "dim"))
        self.paint("")

    def fail(self, problem: Problem) -> None:
        """Print it in red."""
        self._finish()
        self._print(Text(one_line(sentence(problem)), "red"))
        self.paint("")

    def close(self) -> None:
        """Give the cursor back, behind all that is there."""
        self._finish()
        self.paint("")
        self._area.close()

    # --- lines ---------------------------------------------------------------------------------------

    def _take(self) -> tuple[list[Line], list[Line]]:
        """The lines to print for good, and those that may still change."""
        for part in self._blocks.finished():
            self._keep(part)
        done, self._done = self._done, []
        rest = self._blocks.rest
        live = [] if rest is None else self._unprinted(self._lines(mend(rest.source), joined=rest.joined))
        return done, live

    def _finish(self) -> None:
        """Nothing will be added to the last block."""
        for part in self._blocks.finished():
            self._keep(part)
        rest = self._blocks.rest
        if rest is not None:
            self._keep(rest)
        self._blocks = Blocks()

    def _keep(self, part: Part) -> None:
        """Print for good what of a part is not printed yet."""
        self._done += self._unprinted(self._lines(part.source, joined=part.joined))
        self._rows = self._letters = 0
        self._blank = False

    def _mend(self, text: str) -> None:
        self._finish()
        self._print(Text("The text above did not arrive whole. Here it is again, as the server has it:", "yellow"))
        self._blocks.add(clean(text))
        self.paint("")

    def _print(self, renderable: RenderableType, *, joined: bool = False) -> None:
        self._done += self._separated(render(self._console, renderable), joined=joined)
        self._blank = False

    def _lines(self, source: str, *, joined: bool) -> list[Line]:
        return self._separated(render(self._console, AnswerMarkdown(source, self._parser)), joined=joined)

    def _separated(self, lines: list[Line], *, joined: bool) -> list[Line]:
        return lines if joined or self._blank or not lines else [Line(), *lines]

    def _unprinted(self, lines: list[Line]) -> list[Line]:
        """What of a block is not printed yet. Since the terminal changed its width, its letters tell."""
        if not self._rows:
            self._width = self._console.width
            return lines
        if self._width == self._console.width:
            return lines[self._rows :]
        missing, row = self._letters, 0
        while row < len(lines) and missing >= lines[row].letters:
            missing -= lines[row].letters
            row += 1
        self._rows, self._width = row, self._console.width
        self._letters -= missing
        return lines[row:]
