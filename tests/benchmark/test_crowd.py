import os

import pytest
from bench.load.client import Turn
from bench.load.crowd import Crowd
from bench.load.job import Job
from bench.workloads import Turns


@pytest.fixture
def crowd() -> Crowd:
    return Crowd(Job(Turns("turns", "turns", 1), "ws://nowhere", "sim", os.getpid(), os.getpid()))


def ended(*pieces: str, error: str | None = None) -> Turn:
    turn = Turn(2)
    turn.pieces = list(pieces)
    turn.full_message = "".join(pieces)
    turn.error = error
    return turn


async def test_a_turn_is_right_when_all_its_tokens_came(crowd: Crowd) -> None:
    crowd.judge([ended("0:5 ", "1:6 "), ended("0:5 1:6 ")])
    assert (crowd.verified, crowd.mismatches, crowd.failure_list()) == (2, 0, [])


async def test_what_came_instead_is_shown_with_its_number(crowd: Crowd) -> None:
    crowd.judge([ended("Hello"), ended("Hello"), ended("0:5 ", error="cut off"), ended("0:5 ", "1:6 ", error="late")])
    assert (crowd.verified, crowd.mismatches) == (0, 4)
    assert crowd.failure_list()[0] == "2 x 1 of 2 tokens, or not the feed's: 'Hello'"
    assert crowd.failure_list()[1:] == ["1 x cut off", "1 x late"]
