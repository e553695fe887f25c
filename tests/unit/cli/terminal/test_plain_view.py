import io
from typing import Any

import pytest

from millrace.cli.client.notices import Ended, Piece, Problem, Thought
from millrace.cli.terminal.plain_view import PlainView


class Stage:
    def __init__(self) -> None:
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.view = PlainView(self.out, self.errors)

    def end(self, **fields: Any) -> None:
        self.view.end(Ended(**{"status": "complete", "session_id": "s", "message_id": "m", "text": "", **fields}))
        self.view.close()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_text_is_written_as_it_comes_and_nothing_else(stage: Stage) -> None:
    stage.view.feed(Thought("synthesis", "Hm."))
    stage.view.feed(Piece("**Be"))
    assert stage.out.getvalue() == "**Be"
    stage.view.feed(Piece("cause**"))
    stage.view.paint("")
    stage.end()
    assert stage.out.getvalue() == "**Because**\n"
    assert stage.errors.getvalue() == ""


def test_sources_follow_the_text(stage: Stage) -> None:
    stage.view.feed(Piece("Quoted [1].\n"))
    stage.end(metadata={"citations": [{"title": "Start", "url": "/docs"}]})
    assert stage.out.getvalue() == "Quoted [1].\n\nSources\n[1] Start  /docs\n"


def test_an_outage_is_told_once_and_beside_the_answer(stage: Stage) -> None:
    for seconds in (4, 3, 2):
        stage.view.paint(f"reconnecting in {seconds} s...")
    stage.view.paint("")
    assert stage.errors.getvalue() == "millrace: reconnecting in 4 s...\n"
    assert stage.out.getvalue() == ""


def test_failures_are_told_beside_the_answer(stage: Stage) -> None:
    stage.view.feed(Piece("Be"))
    stage.end(status="failed", problem=Problem("PROVIDER_FAILURE", "It broke."))
    assert stage.out.getvalue() == "Be\n"
    assert stage.errors.getvalue() == "millrace: It broke.\n"


def test_a_text_that_did_not_arrive_whole_is_written_again(stage: Stage) -> None:
    stage.view.feed(Piece("Wrong"))
    stage.end(text="Right", mended=True)
    assert stage.out.getvalue() == "Wrong\nRight\n"
    assert "did not arrive whole" in stage.errors.getvalue()
