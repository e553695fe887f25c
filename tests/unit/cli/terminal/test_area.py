import pytest
from tests.support.screen import Screen

from millrace.cli.terminal.area import Area
from millrace.cli.terminal.lines import Line


def lines(*texts: str) -> list[Line]:
    return [Line(text, len(text), len(text)) for text in texts]


@pytest.fixture
def screen() -> Screen:
    return Screen(20, 6)


def test_live_rows_are_replaced_and_done_ones_stay(screen: Screen) -> None:
    area = Area(screen)
    area.paint([], lines("one", "two"), 20)
    area.paint(lines("one"), lines("two!", "three"), 20)
    area.paint(lines("two!"), [], 20)
    assert screen.lines() == ["one", "two!"]
    area.paint([], lines("four"), 20)
    assert screen.lines() == ["one", "two!", "four"]


def test_rows_that_scroll_away_are_whole(screen: Screen) -> None:
    area = Area(screen)
    for number in range(20):
        area.paint(lines(f"done {number}"), lines("live", f"{number}"), 20)
    assert screen.lines() == [*(f"done {number}" for number in range(20)), "live", "19"]


def test_rows_as_wide_as_the_screen_keep_their_last_cell(screen: Screen) -> None:
    area = Area(screen)
    area.paint([], lines("x" * 20, "y" * 19), 20)
    area.paint([], lines("z" * 20, "y" * 20), 20)
    assert screen.lines() == ["z" * 20, "y" * 20]


def test_unchanged_rows_are_not_written(screen: Screen) -> None:
    area = Area(screen)
    area.paint([], lines("one", "two"), 20)
    before = screen.written
    area.paint(lines("one"), lines("two"), 20)
    assert screen.written == before


def test_the_cursor_is_hidden_meanwhile(screen: Screen) -> None:
    area = Area(screen)
    area.paint([], lines("one"), 20)
    assert screen.cursor_hidden
    area.close()
    assert not screen.cursor_hidden
