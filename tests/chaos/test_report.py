"""The page and the JSON say what was found, above all where something is wrong."""

import json

import msgspec
from chaos.client import next_word
from chaos.counting import Counts
from chaos.report import page
from chaos.results import Conditions, Results, Spread, Summary, encoded
from chaos.round import Answer, Round
from msgspec.structs import replace

RIGHT = Counts(turns=1, in_flight=1, tokens=140, completed=1)
CONDITIONS = Conditions("2026-01-02T03:04+00:00", 7, 50, ["WebSocket"], 5.0, ["the clock jumps"], "here", "3.11.7", 0.5)


def answer(counts: Counts = RIGHT, *, after_s: float = 5.5, elsewhere: bool = True, problem: str = "") -> Answer:
    return Answer("WebSocket", counts, problem, elsewhere, True, after_s)


def results(*answers: Answer, leaked: int = 0, recovered: bool = True) -> Results:
    return Results(CONDITIONS, [Round("redis", "kill", 7, answers, leaked, 0, recovered, 12.0)])


def test_the_next_word_comes_behind_the_longest_silence() -> None:
    assert next_word([1.0, 2.0, 2.02, 2.05, 7.5, 7.6], 2.01) == 7.5 - 2.01
    assert next_word([1.0, 2.0], 2.5) is None, "nothing came"
    assert next_word([1.0, 2.0, 9.0], 2.5) == 6.5


def test_spread() -> None:
    assert Spread.of([]) is None
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(3, 2.0, 3.0, 3.0)


def test_a_run_where_nothing_is_wrong() -> None:
    found = results(answer(), answer(after_s=6.0))
    assert not found.problems()
    text = page(found.summary(), limit_s=30)
    assert "Nothing was lost, doubled,\nreordered or taken back" in text
    assert "| redis | connected to another process | 2 | 5.50 | 6.00 | 6.00 |" in text
    assert "| kill -9 of the owner | redis | WebSocket | 2 | 2 | 0 | 280 | 2 | 0 | 0 | nothing |" in text
    assert "| redis | 2 (of 2,000 wanted) | 280 | 0 |" in text
    assert "Left out for want of what it takes: the clock jumps." in text
    assert "{" not in text


def test_whatever_is_wrong_is_said_first() -> None:
    lost = answer(replace(RIGHT, lost=3), problem="chat, turn t1: {'lost': 3}")
    found = results(answer(), lost, leaked=2, recovered=False)
    assert found.problems() == [
        "redis, kill, seed 7: chat, turn t1: {'lost': 3}",
        "redis, kill, seed 7: 2 connections to the provider were still open",
        "redis, kill, seed 7: a new question was not answered afterwards",
    ]
    text = page(found.summary(), limit_s=30)
    assert text.index("**3 things are wrong:**") < text.index("## In all")
    assert "| 280 | 2 | 0 | 0 | lost 3 |" in text
    assert found.of_backend("redis").violations() == {"lost": 3, "leaked": 2}


def test_a_takeover_that_is_late_is_wrong() -> None:
    (problem,) = results(answer(after_s=7.2)).problems()
    assert problem == "redis, kill: a reader elsewhere waited 7.20 s, more than 7 s"
    assert not results(answer(after_s=7.2, elsewhere=False)).problems(), "who returns waits for what it finds"


def test_the_figures_for_machines() -> None:
    summary = results(answer()).summary()
    assert msgspec.json.decode(encoded(summary), type=Summary) == summary
    said = json.loads(encoded(summary))
    assert said["cells"] == [
        {"backend": "redis", "fault": "kill", "transport": "WebSocket", "counts": said["backends"]["redis"]}
    ]
    assert said["kill"]["redis"]["elsewhere"]["longest"] == 5.5
    assert said["problems"] == []
