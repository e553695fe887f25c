"""Whatever a turn is and however it is cut: parts open before they are written to, and all of them close."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.at import at

from millrace.dialects.ag_ui import AgUiDialect, RunNames
from millrace.dialects.ai_sdk import AiSdkDialect
from millrace.dialects.parts import sse_record
from millrace.model.events import (
    AnyEvent,
    EmotionState,
    EmotionUpdated,
    Entry,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningCompleted,
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
    is_terminal,
)
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.frames import FrameCache, Renderer
from millrace.stream.lifecycle import TABLE, State

SAMPLES: dict[type[AnyEvent], AnyEvent] = {
    type(event): event
    for event in (
        TurnStarted("t", "s", "m", "u", "a/b"),
        EmotionUpdated("user", EmotionState("joy", 0.5, "good", "optimal")),
        PassagesRetrieved(history_messages=1),
        ReasoningDelta("hm"),
        ReasoningStep(1, "synthesis", "hm"),
        ReasoningCompleted("hm", 1, 1),
        ProviderSwitched("a/b", "c/d", "cut"),
        TurnResumed(0, 2),
        SuggestionsReady(("Why?",)),
        TurnCompleted("stop", "d", 0, Usage(), "a/b"),
        TurnCancelled("user", "d", 0, Usage()),
        TurnFailed("PROVIDER_FAILURE", "No.", True, "d"),
    )
}


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """Any turn that the lifecycle allows."""
    state, events, pieces = State.EMPTY, list[AnyEvent](), 0
    while state is not State.ENDED:
        kinds = sorted(TABLE[state], key=lambda kind: kind.__name__)
        if len(events) < 12:
            kinds = [kind for kind in kinds if TABLE[state][kind] is not State.ENDED] or kinds
        kind = draw(st.sampled_from(kinds))
        if kind is TextDelta:
            events.append(TextDelta(pieces, draw(st.text(max_size=3))))
            pieces += 1
        else:
            events.append(SAMPLES[kind])
        state = TABLE[state][kind]
        if len(events) > 30 and state is not State.ENDED:
            state = State.ENDED
            events.append(SAMPLES[TurnCompleted])
    return [Entry(seq, seq, event) for seq, event in enumerate(events)]


def delivered(log: list[Entry], renderer: Renderer, cuts: list[int], options: DeliveryOptions) -> list[dict[str, Any]]:
    growing: list[Entry] = []
    cache = FrameCache(growing, renderer, options.hidden())
    delivery = Delivery(options=options)
    records: list[bytes] = []
    for start, stop in zip([0, *cuts], [*cuts, len(log)], strict=True):
        growing += log[start:stop]
        if growing:
            batch = delivery.take(growing, at(growing[-1].at), sealed=is_terminal(growing[-1].event))
            records += cache.frames(batch)
    return [json.loads(record.removeprefix(b"data: ")) for record in records]


deliveries = given(
    log=logs(),
    cuts=st.lists(st.integers(0, 33), max_size=4).map(sorted),
    lag=st.sampled_from([1, 64]),
    reasoning=st.booleans(),
)


@deliveries
def test_who_waits_gets_the_same_later(log: list[Entry], cuts: list[int], lag: int, reasoning: bool) -> None:
    options = DeliveryOptions(show_reasoning=reasoning, lag_entries=lag, lag_ms=10**9)
    places = [min(cut, len(log)) for cut in cuts]
    early, late = (delivered(log, AiSdkDialect(waits=waits).renderer(), places, options) for waits in (False, True))
    assert early == late
    before = [Entry(0, 0, SAMPLES[TurnStarted]), Entry(1, 0, SAMPLES[PassagesRetrieved])]
    assert delivered(before, AiSdkDialect(waits=True).renderer(), [], options) == []


@deliveries
def test_a_message_of_the_ai_sdk_is_well_formed(log: list[Entry], cuts: list[int], lag: int, reasoning: bool) -> None:
    options = DeliveryOptions(show_reasoning=reasoning, lag_entries=lag, lag_ms=10**9)
    chunks = delivered(log, AiSdkDialect().renderer(), [min(cut, len(log)) for cut in cuts], options)
    open_parts: set[str] = set()
    used: set[str] = set()
    for chunk in chunks:
        match chunk["type"].rsplit("-", 1):
            case ["text" | "reasoning", "start"]:
                assert chunk["id"] not in used
                used.add(chunk["id"])
                open_parts.add(chunk["id"])
            case ["text" | "reasoning", "delta"]:
                assert chunk["id"] in open_parts
            case ["text" | "reasoning", "end"]:
                open_parts.remove(chunk["id"])
    assert not open_parts
    assert [chunk["type"] for chunk in chunks[:2]] == ["start", "start-step"]
    assert chunks[-1]["type"] in {"finish", "abort", "error"}
    assert "".join(chunk["delta"] for chunk in chunks if chunk["type"] == "text-delta") == text_of(log)
    assert reasoning or not any(chunk["type"].startswith("reasoning") for chunk in chunks)


@deliveries
def test_a_run_of_ag_ui_is_well_formed(log: list[Entry], cuts: list[int], lag: int, reasoning: bool) -> None:
    options = DeliveryOptions(show_reasoning=reasoning, lag_entries=lag, lag_ms=10**9)
    dialect = AgUiDialect(RunNames("th", "r"))
    events = delivered(log, dialect.renderer(), [min(cut, len(log)) for cut in cuts], options)
    open_parts: set[tuple[str, str]] = set()
    for event in events:
        kind, _, step = event["type"].rpartition("_")
        part = (kind, event.get("messageId", ""))
        if step == "START":
            assert part not in open_parts
            open_parts.add(part)
        elif step == "CONTENT":
            assert part in open_parts
        elif step == "END":
            open_parts.remove(part)
    assert not open_parts
    assert events[0]["type"] == "RUN_STARTED"
    assert events[-1]["type"] in {"RUN_FINISHED", "RUN_ERROR"}
    contents = [event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"]
    assert "".join(contents) == text_of(log)


def text_of(log: list[Entry]) -> str:
    return "".join(entry.event.text for entry in log if isinstance(entry.event, TextDelta))


def test_a_record_is_one_line_of_json_and_a_blank_one() -> None:
    assert sse_record(b"{}") == b"data: {}\n\n"
