"""The terminal event and what is stored agree, whatever the end was."""

import pytest
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider
from tests.unit.engine.test_transcript import ListWriter

from millrace.engine.endings import Ending, Endings, logged_outcome
from millrace.engine.transcript import Transcript
from millrace.model.commands import StartTurn
from millrace.model.errors import RateLimited
from millrace.model.events import (
    Citation,
    Entry,
    Passage,
    PassagesRetrieved,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    Usage,
)
from millrace.model.generation import (
    CitationsFound,
    Delta,
    EarlierCall,
    Finished,
    ReasoningPiece,
    StepFound,
    Switched,
    TextPiece,
    UsageReported,
)
from millrace.model.messages import Turn
from millrace.ops.clock import SystemClock
from millrace.stream.digest import text_digest

TURN = Turn(
    id="t",
    session_id="s",
    user_id="u",
    user_message_id="q",
    message_id="m",
    command=StartTurn(message="Hi there"),
    model="scripted/model",
    created_at=0,
)


def endings(*deltas: Delta) -> Endings:
    transcript = Transcript(ListWriter(), SystemClock(), TURN.model, ScriptedDirectory(ScriptedProvider()).cost)
    transcript.write(TurnStarted("t", "s", "m", "q", "scripted/model"))
    transcript.spending.asked(2)
    transcript.take(deltas)
    return Endings(TURN, transcript, SystemClock(), 0.0)


def test_completed() -> None:
    made = endings(
        TextPiece("a"), CitationsFound((Citation("T", "u"),)), UsageReported(Usage(2, 3)), Finished("length")
    )
    event = made.event(Ending.completed())
    assert isinstance(event, TurnCompleted)
    assert (event.finish_reason, event.usage, event.cost, event.digest) == (
        "length",
        Usage(2, 3),
        0.005,
        text_digest("a"),
    )
    outcome = made.outcome(event)
    assert (outcome.answer.content, outcome.answer.status, outcome.new_user_message) == ("a", "complete", True)
    assert outcome.answer.metadata is not None
    assert outcome.answer.metadata["citations"] == [{"title": "T", "url": "u", "snippet": ""}]


def test_cancelled_without_usage_is_counted_by_estimate() -> None:
    made = endings(ReasoningPiece("hm hm hm"), TextPiece("abcd" * 10))
    event = made.event(Ending.cancelled("user", 0.0))
    assert isinstance(event, TurnCancelled)
    assert event.usage == Usage(input_tokens=2, output_tokens=12, estimated=True)
    assert made.outcome(event).answer.status == "cancelled"
    assert made.outcome(event).answer.reasoning == "hm hm hm"


def test_failed() -> None:
    made = endings(TextPiece("half"))
    event = made.event(Ending.failed(RateLimited("Slow down.", retry_after=3, detail="sk-1")))
    assert isinstance(event, TurnFailed)
    assert (event.code, event.message, event.retry_after, event.recoverable) == ("RATE_LIMIT", "Slow down.", 3, True)
    stored = made.outcome(event).answer
    assert stored.error is not None
    assert (stored.content, stored.status, stored.error.code) == ("half", "failed", "RATE_LIMIT")


def test_the_providers_own_price_counts_before_the_list() -> None:
    event = endings(UsageReported(Usage(1, 1), cost=0.7), Finished("stop")).event(Ending.completed())
    assert isinstance(event, TurnCompleted)
    assert event.cost == pytest.approx(0.7)


def test_all_calls_of_a_turn_are_counted() -> None:
    plan: list[Delta] = [StepFound("synthesis", "abcd" * 10), EarlierCall(Usage(10, 20, reasoning_tokens=20))]
    whole = endings(*plan, TextPiece("a"), UsageReported(Usage(30, 5, cached_tokens=8)), Finished("stop"))
    assert whole.usage() == Usage(40, 25, reasoning_tokens=20, cached_tokens=8)
    assert whole.cost() == pytest.approx(0.065)
    stated = endings(plan[0], EarlierCall(Usage(10, 20), cost=2.0), UsageReported(Usage(30, 5), cost=1.0))
    assert stated.cost() == 3.0
    stopped = endings(*plan, TextPiece("abcd"))
    assert stopped.usage() == Usage(12, 21, reasoning_tokens=20, estimated=True), "the steps are counted once"
    in_the_plan = endings(plan[0])
    assert in_the_plan.usage() == Usage(2, 10, estimated=True)


def test_what_was_shown_on_the_way_is_kept_and_told_by_the_log_alone_too() -> None:
    writer = ListWriter()
    transcript = Transcript(writer, SystemClock(), TURN.model, ScriptedDirectory(ScriptedProvider()).cost)
    transcript.write(TurnStarted("t", "s", "m", "q", "scripted/model"))
    found = (Passage(1, "Cited", "a", 0.9), Passage(2, "Found", "b", 0.5))
    transcript.write(PassagesRetrieved(found, 0.75, 2))
    transcript.passages, transcript.difficulty = found, 0.75
    transcript.take([StepFound("exploration", "Look around.", 0.75), StepFound("synthesis", "So.", None)])
    transcript.take([TextPiece("One 🌊")])
    transcript.take([Switched("scripted/model", "other/model", "down"), TextPiece(" two")])
    transcript.resume(2)
    transcript.take([TextPiece(" three [1]"), Finished("stop")])
    made = Endings(TURN, transcript, SystemClock(), 0.0)
    event = made.event(Ending.completed())
    kept = made.outcome(event).answer.metadata
    assert kept is not None
    assert kept["reasoning_steps"] == [
        {"step_number": 1, "type": "exploration", "content": "Look around.", "confidence": 0.75},
        {"step_number": 2, "type": "synthesis", "content": "So.", "confidence": None},
    ]
    assert isinstance(kept["reasoning_time_ms"], int)
    switch = {"from_model": "scripted/model", "to_model": "other/model", "reason": "down"}
    assert kept["seams"] == [
        {"type": "provider_switched", "position": 5, **switch},
        {"type": "turn_resumed", "position": 9},
    ]
    assert [each["title"] for each in kept["citations"]] == ["Cited"]
    assert [each["title"] for each in kept["passages"]] == ["Found"]
    assert kept["difficulty"] == 0.75
    entries = [Entry(seq, 0, each) for seq, each in enumerate((*writer.events, event))]
    again = Transcript(ListWriter(), SystemClock(), TURN.model, ScriptedDirectory(ScriptedProvider()).cost)
    again.replay(entries)
    assert logged_outcome(TURN, again, entries).answer.metadata == kept


def test_a_plain_answer_has_nothing_of_it() -> None:
    made = endings(TextPiece("a"), Finished("stop"))
    kept = made.outcome(made.event(Ending.completed())).answer.metadata
    assert kept is not None
    assert not kept.keys() & {"reasoning_steps", "reasoning_time_ms", "seams", "passages", "difficulty"}
