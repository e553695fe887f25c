"""What is not known is left out, because clients refuse a null."""

from msgspec import structs

from millrace.dialects.remarks import beginning, citation_details, ending, remark, stored, usage_counts
from millrace.model.events import (
    AnyEvent,
    Citation,
    EmotionState,
    EmotionUpdated,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningDelta,
    ReasoningStep,
    SuggestionsReady,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.model.messages import Message, MessageError, Version
from millrace.stream.metadata import completion_metadata

FEELING = EmotionState("joy", 0.5, "good", "optimal")


def test_no_remark_holds_a_null() -> None:
    said: list[AnyEvent] = [
        EmotionUpdated("user", FEELING),
        PassagesRetrieved(()),
        ReasoningStep(1, "synthesis", "So."),
        ProviderSwitched("a/b", "c/d", "cut"),
        TurnResumed(3, 2),
        SuggestionsReady(("Why?",)),
    ]
    for event in said:
        found = remark(event)
        assert found is not None
        assert None not in found.value.values()
    assert remark(TextDelta(0, "x")) is None
    assert remark(ReasoningDelta("x")) is None


def test_an_estimate_replaces_the_one_before_and_a_seam_does_not() -> None:
    ids = [remark(EmotionUpdated(of, FEELING)) for of in ("user", "user", "answer")]
    assert [found.id for found in ids if found] == ["emotion-user", "emotion-user", "emotion-answer"]
    seam = remark(TurnResumed(3, 2))
    assert seam is not None
    assert seam.id is None


def test_an_end_says_what_is_known_and_nothing_else() -> None:
    completed = TurnCompleted("stop", "d", 1, Usage(3, 4), "a/b")
    assert ending(completed) == {
        "model": "a/b",
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        "finishReason": "stop",
        "responseTimeMs": 0,
        "ragEnabled": False,
        "digest": "d",
    }
    assert ending(structs.replace(completed, cost=0.0, category="math"))["cost"] == 0.0
    assert ending(TurnCancelled("user", "d", 1, Usage()))["finishReason"] == "cancelled"
    failed = ending(TurnFailed("PROVIDER_FAILURE", "It broke.", True, "d"))
    assert failed == {
        "finishReason": "failed",
        "error": {"code": "PROVIDER_FAILURE", "recoverable": True},
        "digest": "d",
    }


def test_a_beginning_a_source_and_counts() -> None:
    assert beginning(TurnStarted("t", "s", "m", "u", "a/b"), 0)["createdAt"] == "1970-01-01T00:00:00.000Z"
    assert citation_details(Citation("T", "u")) == {}
    assert citation_details(Citation("T", "u", "x", 1, 0, 5)) == {"snippet": "x", "number": 1, "start": 0, "end": 5}
    assert usage_counts(Usage(1, 2, 0, 0)) == {
        "inputTokens": 1,
        "outputTokens": 2,
        "totalTokens": 3,
        "reasoningTokens": 0,
        "cachedInputTokens": 0,
    }


def test_what_is_stored_says_the_same_as_the_end_did() -> None:
    end = TurnCompleted("stop", "d", 1, Usage(3, 4, 1), "a/b", cost=0.5, category="math", response_time_ms=7)
    version = Version(
        number=2, content="So.", status="complete", created_at=0, turn_id="t", metadata=completion_metadata(end)
    )
    kept = stored(Message(id="m", session_id="s", role="assistant", created_at=0, version=version, version_count=2))
    live = ending(end)
    assert {name: kept[name] for name in live if name != "digest"} == {
        name: value for name, value in live.items() if name != "digest"
    }
    assert (kept["version"], kept["versionCount"], kept["turnId"]) == (2, 2, "t")
    failed = structs.replace(version, status="failed", metadata=None, error=MessageError("INTERRUPTED", "Oh."))
    kept = stored(Message(id="m", session_id="s", role="assistant", created_at=0, version=failed))
    assert (kept["finishReason"], kept["error"]) == ("failed", {"code": "INTERRUPTED"})
    assert None not in kept.values()
