"""Events come back from JSON as they were."""

import msgspec
import pytest

from millrace.model.events import (
    AnyEvent,
    Entry,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    Usage,
    is_terminal,
)

EVENTS: list[AnyEvent] = [
    TurnStarted("t", "s", "m", "u", "p/m", "Hi é😀\u2028", "system2", 900, True, "r"),
    TextDelta(0, ""),
    TurnCompleted("stop", "d", 1, Usage(1, 2, 3, 4, True), "p/m", 0.1),
    TurnCancelled("disconnect", "d", 1, Usage(), 1.5),
    TurnFailed("RATE_LIMIT", "m", True, "d", 1, 2.5),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_round_trip(event: AnyEvent) -> None:
    entry = Entry(3, 1_700_000_000_000, event)
    assert msgspec.json.decode(msgspec.json.encode(entry), type=Entry) == entry
    assert is_terminal(event) == (type(event).__name__ in {"TurnCompleted", "TurnCancelled", "TurnFailed"})
