"""The table of what may follow what."""

import pytest

from millrace.model.errors import StreamError
from millrace.model.events import (
    TERMINAL_EVENTS,
    AnyEvent,
    ReasoningCompleted,
    ReasoningDelta,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.stream.lifecycle import TABLE, Lifecycle, State

START = TurnStarted("t", "s", "m", "u", "p/m")
TEXT = TextDelta(0, "a")
COMPLETED = TurnCompleted("stop", "", 0, Usage(), "p/m")
CANCELLED = TurnCancelled("user", "", 0, Usage())
FAILED = TurnFailed("STREAM_ERROR", "", True, "")
REASONED = ReasoningCompleted("", 0, 1)


def test_every_event_has_its_places() -> None:
    placed = {event for transitions in TABLE.values() for event in transitions}
    assert placed == set(AnyEvent.__args__)


def test_a_turn_ends_once_and_for_all() -> None:
    assert TABLE[State.ENDED] == {}
    for state, transitions in TABLE.items():
        ends = {event for event, following in transitions.items() if following is State.ENDED}
        assert ends == (set() if state in {State.EMPTY, State.ENDED} else set(TERMINAL_EVENTS))


@pytest.mark.parametrize(
    "events",
    [
        [START, TEXT, COMPLETED],
        [START, CANCELLED],
        [START, ReasoningDelta("a"), REASONED, TEXT, ReasoningDelta("b"), TEXT, COMPLETED],
        [START, ReasoningDelta("a"), TurnResumed(0, 2), ReasoningDelta("b"), FAILED],
    ],
)
def test_what_may_happen(events: list[AnyEvent]) -> None:
    lifecycle = Lifecycle()
    for event in events:
        lifecycle.accept(event)
    assert lifecycle.state is State.ENDED


@pytest.mark.parametrize(
    "events",
    [
        [TEXT],
        [COMPLETED],
        [START, START],
        [START, ReasoningDelta("a"), TEXT],
        [START, TEXT, REASONED],
        [START, TEXT, COMPLETED, TEXT],
        [START, TEXT, COMPLETED, CANCELLED],
    ],
)
def test_what_may_not_happen(events: list[AnyEvent]) -> None:
    lifecycle = Lifecycle()
    for event in events[:-1]:
        lifecycle.accept(event)
    before = lifecycle.state
    with pytest.raises(StreamError):
        lifecycle.accept(events[-1])
    assert lifecycle.state is before
