import io

from rich.console import Console
from rich.text import Text

from millrace.cli.terminal.lines import Line, render


def console(width: int = 10) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system="standard", _environ={})


def test_lines_know_their_width_and_their_letters() -> None:
    assert render(console(), Text("日本 ab cdefg")) == [Line("日本 ab", 7, 4), Line("cdefg", 5, 5)]


def test_empty_lines_at_the_edges_and_blanks_at_the_end_go() -> None:
    assert [line.painted for line in render(console(), Text("\n\na  \n\nb\n\n"))] == ["a", "", "b"]


def test_styles_begin_and_end_within_a_line() -> None:
    assert [line.painted for line in render(console(), Text("aaa bbb ccc", "bold"))] == [
        "\x1b[1maaa bbb\x1b[0m",
        "\x1b[1mccc\x1b[0m",
    ]
