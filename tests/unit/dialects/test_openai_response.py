"""A response out of the store is the one that was told live."""

import pytest

from millrace.dialects.openai_response import Answer, answer_of, response_object, stored_answer
from millrace.dialects.openai_responses_request import ResponseFacts
from millrace.model.events import Citation, TerminalEvent, TurnCancelled, TurnCompleted, TurnFailed, Usage
from millrace.model.messages import MessageError, Version
from millrace.stream.metadata import completion_metadata, partial_metadata

USAGE = Usage(7, 5, 3, 2)
TEXT = "Yes [2]."


def stored(event: TerminalEvent) -> Version:
    """As the engine's endings keep it."""
    metadata, error = None, None
    match event:
        case TurnCompleted():
            metadata = completion_metadata(event)
        case TurnCancelled():
            metadata = partial_metadata(event)
        case TurnFailed():
            error = MessageError(event.code, event.message)
    status = {TurnCompleted: "complete", TurnCancelled: "cancelled", TurnFailed: "failed"}[type(event)]
    return Version(
        number=1,
        content=TEXT,
        status=status,  # type: ignore[arg-type]  # one of the three words
        created_at=1,
        turn_id="t",
        reasoning="Hm.",
        metadata=metadata,
        error=error,
    )


@pytest.mark.parametrize(
    "event",
    [
        TurnCompleted("stop", "d", 1, USAGE, "p/m", citations=(Citation("T", "https://example.org", "", 2),)),
        TurnCompleted("length", "d", 1, Usage(1, 1, estimated=True), "p/m"),
        TurnCompleted("filtered", "d", 1, USAGE, "p/m"),
        TurnCompleted("pause", "d", 1, USAGE, "p/m"),
        TurnCancelled("user", "d", 1, USAGE),
        TurnFailed("CONTEXT_TOO_LONG", "Too long.", False, "d", 1),
    ],
    ids=lambda event: f"{type(event).__name__}-{getattr(event, 'finish_reason', '')}",
)
def test_both_are_the_same(event: TerminalEvent) -> None:
    facts = ResponseFacts(created_at=3)
    live = response_object("t", "p/m", facts, answer_of(event, TEXT, "Hm."))
    assert response_object("t", "p/m", facts, stored_answer(stored(event))) == live
    assert None not in live.values()


def test_one_that_runs_says_no_more_than_that() -> None:
    told = response_object("t", "p/m", ResponseFacts(created_at=3), Answer(status="queued"))
    assert (told["status"], told["output"]) == ("queued", [])
    assert "usage" not in told
