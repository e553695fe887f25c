import io
import time

import pytest
from rich.console import Console

from millrace.cli.terminal.live_view import LiveView
from millrace.cli.terminal.plain_view import PlainView
from millrace.cli.terminal.program import local_time, view_for


def test_times_are_those_of_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        assert local_time("2026-01-31T23:30:00.000Z") == "2026-02-01 01:30"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert local_time("yesterday\x1b") == "yesterday"


def test_answers_are_live_where_the_terminal_can_do_that() -> None:
    assert isinstance(view_for(Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})), LiveView)
    assert isinstance(view_for(Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})), PlainView)
    assert isinstance(view_for(Console(file=io.StringIO(), _environ={})), PlainView)
