"""What a person sees: every test reads a screen, with what has scrolled off above it."""

import io
import re
from typing import Any

import pytest
from rich.console import Console
from tests.support.screen import Screen

from millrace.cli.client.notices import Ended, Piece, Problem, Thought, ThoughtOver
from millrace.cli.terminal.live_view import LiveView
from millrace.cli.terminal.markdown import THEME

TEXT = """# Mills

A mill **grinds** corn; see [the docs](https://example.com) for *more* about `wheels`
and what turns them.

- one
- two, which is long enough to be wrapped once it stands in a terminal of sixty columns
- three

```py
def turn(wheel):
    return wheel + 1
```

| name | size |
|------|------|
| big  | 10   |

The end, 日本語 too."""


class Stage:
    def __init__(self, columns: int = 60, rows: int = 20) -> None:
        self.screen = Screen(columns, rows)
        self.console = Console(
            file=self.screen, force_terminal=True, width=columns, height=rows, theme=THEME, color_system="256",
            legacy_windows=False, _environ={},
        )  # fmt: skip
        self.view = LiveView(self.console)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(columns, rows)
        self.console.size = (columns, rows)

    def stream(self, text: str, piece: int, status: str = "") -> None:
        for at in range(0, len(text), piece):
            self.view.feed(Piece(text[at : at + piece]))
            self.view.paint(status)


def ended(**fields: Any) -> Ended:
    return Ended(**{"status": "complete", "session_id": "s", "message_id": "m", "text": "", **fields})


def at_once(text: str, columns: int = 60, rows: int = 20) -> list[str]:
    stage = Stage(columns, rows)
    stage.view.feed(Piece(text))
    stage.view.close()
    return stage.screen.lines()


@pytest.mark.parametrize(("columns", "rows"), [(60, 30), (60, 8), (25, 10), (16, 7)])
@pytest.mark.parametrize("piece", [1, 5, 40])
def test_streaming_shows_in_the_end_what_showing_it_at_once_shows(piece: int, rows: int, columns: int) -> None:
    stage = Stage(columns, rows)
    stage.stream(TEXT, piece, "thinking...")
    stage.view.close()
    assert stage.screen.lines() == at_once(TEXT, columns, rows)


def test_it_is_rendered_markdown() -> None:
    shown = at_once(TEXT)
    assert shown[0] == "Mills"
    assert "A mill grinds corn; see the docs for more about wheels and" in shown
    assert " • three" in shown
    assert "  def turn(wheel):" in shown
    assert shown[-1] == "The end, 日本語 too."


def test_a_block_higher_than_the_screen_is_printed_once() -> None:
    code = "```\n" + "\n".join(f"line {number}" for number in range(100)) + "\n```"
    stage = Stage(rows=10)
    stage.stream(code, 7, "a status")
    stage.view.close()
    assert [line.strip() for line in stage.screen.lines()] == [f"line {number}" for number in range(100)]


def test_only_what_changed_is_written() -> None:
    stage = Stage(rows=40)
    stage.stream(TEXT, 1000)
    before = stage.screen.written
    stage.view.feed(Piece("!"))
    stage.view.paint("")
    assert stage.screen.written - before < 120
    before = stage.screen.written
    stage.view.paint("")
    assert stage.screen.written == before


def test_the_status_is_the_last_row_and_goes_without_a_trace() -> None:
    stage = Stage()
    stage.view.paint("thinking...")
    assert stage.screen.lines() == ["thinking..."]
    stage.view.feed(Piece("Hello"))
    stage.view.paint("reconnecting in 4 s...")
    assert stage.screen.lines() == ["Hello", "", "reconnecting in 4 s..."]
    assert stage.screen.cursor_hidden
    stage.view.paint("")
    stage.view.close()
    assert stage.screen.lines() == ["Hello"]
    assert not stage.screen.cursor_hidden


def test_a_wider_terminal_in_the_middle_loses_nothing() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    stage = Stage(60, 8)
    stage.stream(words[:300], 9, "status")
    stage.resize(90, 8)
    stage.stream(words[300:], 9, "status")
    stage.view.close()
    said = " ".join(stage.screen.lines()).split()
    assert [word for word in dict.fromkeys(said) if word in words.split()] == words.split()


def test_sources_and_figures_stand_below() -> None:
    stage = Stage()
    stage.view.feed(Piece("Quoted [1]."))
    metadata = {"model": "p/m", "citations": [{"title": "Start", "url": "/docs", "number": 1}]}
    stage.view.end(ended(metadata=metadata))
    stage.view.close()
    assert stage.screen.lines() == ["Quoted [1].", "", "Sources", "[1] Start  /docs", "", "p/m"]


def test_an_end_that_is_none_is_said() -> None:
    stage = Stage()
    stage.view.feed(Piece("Half of **it"))
    stage.view.end(ended(status="cancelled"))
    stage.view.close()
    assert stage.screen.lines() == ["Half of **it", "", "stopped"]

    stage = Stage()
    stage.view.end(ended(status="failed", problem=Problem("RATE_LIMIT", "Too fast.", retry_after=3)))
    stage.view.close()
    assert stage.screen.lines() == ["Too fast. Wait 3 s before that."]


def test_a_text_that_did_not_arrive_whole_is_shown_again() -> None:
    stage = Stage()
    stage.stream("Wrong text", 3)
    stage.view.end(ended(text="Right text", mended=True))
    stage.view.close()
    lines = stage.screen.lines()
    assert lines[0] == "Wrong text"
    assert "as the server has it" in " ".join(lines[2:4])
    assert lines[-1] == "Right text"


def test_thoughts_stand_before_the_answer() -> None:
    stage = Stage()
    stage.view.feed(Thought("exploration", "Let me see."))
    stage.view.feed(Thought("synthesis", "I see.", 0.75))
    stage.view.feed(ThoughtOver(2_340, 2))
    stage.view.feed(Piece("Seen."))
    stage.view.close()
    assert stage.screen.lines() == [
        "  exploration: Let me see.",
        "  synthesis (75% sure): I see.",
        "  Thought for 2.3 s · 2 steps",
        "",
        "Seen.",
    ]


def test_a_model_cannot_write_escape_sequences() -> None:
    stage = Stage()
    stage.view.feed(Piece("\x1b[2J\x1b[31mred"))
    stage.view.close()
    assert stage.screen.lines() == ["[2J[31mred"]


def test_without_colors_nothing_is_colored() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=60, height=20, theme=THEME, _environ={"NO_COLOR": "1"})
    view = LiveView(console)
    view.feed(Piece("`code` and\n\n```py\nx = 1\n```"))
    view.close()
    assert "code" in out.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*\b[34][0-8]\b[0-9;]*m", out.getvalue())
