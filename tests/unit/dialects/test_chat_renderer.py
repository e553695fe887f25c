"""However a turn is cut into deliveries, a client gets the same text and the same end."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.at import at

from millrace.dialects.chat_renderer import ChatRenderer
from millrace.model.events import (
    AnyEvent,
    EmotionState,
    EmotionUpdated,
    Entry,
    PassagesRetrieved,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    SuggestionsReady,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    Usage,
    is_terminal,
)
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.digest import text_digest
from millrace.stream.frames import FrameCache

FEELING = EmotionState("joy", 0.5, "good", "optimal")
PIECES = st.lists(st.text(min_size=1, max_size=5), max_size=12)


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """Any turn that has ended."""
    pieces = draw(PIECES)
    digest = text_digest("".join(pieces))
    events: list[AnyEvent] = [TurnStarted("t", "s", "m", "u", "a/b")]
    if draw(st.booleans()):
        events.append(EmotionUpdated("user", FEELING))
    if draw(st.booleans()):
        events += [ReasoningDelta("x"), ReasoningStep(1, "synthesis", "x"), ReasoningCompleted("x", 1, 1)]
    events += [TextDelta(index, piece) for index, piece in enumerate(pieces)]
    if draw(st.booleans()):
        events.append(PassagesRetrieved(()))
    if draw(st.booleans()):
        events.append(EmotionUpdated("answer", FEELING))
    if draw(st.booleans()):
        events.append(SuggestionsReady(("Why?",)))
    ends: list[AnyEvent] = [
        TurnCompleted("stop", digest, len(pieces), Usage(), "a/b"),
        TurnCancelled("user", digest, len(pieces), Usage()),
        TurnFailed("PROVIDER_FAILURE", "No.", True, digest, len(pieces)),
    ]
    events.append(draw(st.sampled_from(ends)))
    return [Entry(seq, seq, event) for seq, event in enumerate(events)]


OPTIONS = st.builds(
    DeliveryOptions,
    show_reasoning=st.booleans(),
    show_emotion=st.booleans(),
    lag_entries=st.integers(1, 20),
)


def deliver(log: list[Entry], cuts: list[int], options: DeliveryOptions, after: int = -1) -> list[Any]:
    """The frames of a follower that looks whenever the log has grown to one of `cuts`, and at its end."""
    growing: list[Entry] = []
    delivery = Delivery(after, options=options)
    cache = FrameCache(growing, ChatRenderer(), options.hidden())
    frames: list[bytes] = []
    for end in [*sorted(cut for cut in cuts if cut < len(log)), len(log)]:
        growing[:] = log[:end]
        frames += cache.frames(delivery.take(growing, at(0), sealed=end == len(log)))
    return [json.loads(frame) for frame in frames]


def tokens(frames: list[Any]) -> list[Any]:
    return [frame["data"] for frame in frames if frame["type"] == "content_token"]


@given(logs(), st.lists(st.integers(0, 20)), OPTIONS)
def test_the_text_is_whole_in_order_and_ends_once(log: list[Entry], cuts: list[int], options: DeliveryOptions) -> None:
    frames = deliver(log, cuts, options)
    pieces = [token for token in tokens(frames) if not token["is_final"]]
    text = "".join(entry.event.text for entry in log if isinstance(entry.event, TextDelta))
    assert "".join(piece["token"] for piece in pieces) == text
    index = 0
    for piece in pieces:
        assert piece["token_index"] == index
        index += piece.get("merged", 1)
    finals = [token for token in tokens(frames) if token["is_final"]]
    assert len(finals) == bool(text or frames[-1]["type"] == "chat_complete")
    assert all(final["token"] == "" and final["token_index"] == index for final in finals)
    last = frames[-1]["data"]
    assert last.get("full_message", last.get("partial_message")) == text
    assert "digest" not in last or last["digest"] == text_digest(text)


@given(logs(), st.lists(st.integers(0, 20)), OPTIONS)
def test_positions_never_go_back_and_the_end_comes_last(
    log: list[Entry], cuts: list[int], options: DeliveryOptions
) -> None:
    frames = deliver(log, cuts, options)
    seqs = [frame["data"]["seq"] for frame in frames]
    assert seqs == sorted(seqs)
    assert seqs[-1] == log[-1].seq
    ends = [frame for frame in frames if frame["type"] in {"chat_complete", "chat_cancelled", "chat_error"}]
    assert ends == frames[-1:]
    if ends and finals_of(frames):
        after_final = frames[frames.index(finals_of(frames)[0]) + 1 :]
        assert {frame["type"] for frame in after_final[:-1]} <= {"emotion_update"}


def finals_of(frames: list[Any]) -> list[Any]:
    return [frame for frame in frames if frame["type"] == "content_token" and frame["data"]["is_final"]]


@given(logs(), st.lists(st.integers(0, 20)), OPTIONS, st.integers(0, 30))
def test_whoever_resumes_by_the_last_seq_seen_misses_nothing(
    log: list[Entry], cuts: list[int], options: DeliveryOptions, seen: int
) -> None:
    unmerged = DeliveryOptions(options.show_reasoning, options.show_emotion, lag_entries=100)
    everything = deliver(log, cuts, unmerged)
    before = everything[:seen]
    after = before[-1]["data"]["seq"] if before else -1
    resumed = deliver(log, cuts, unmerged, after)
    # The mark at the end of the text shares its seq with the entry before it, so it alone may come twice.
    again = [frame for frame in resumed if frame in before]
    assert again == [] or again == finals_of(everything)
    assert before + [frame for frame in resumed if frame not in before] == everything


def test_every_terminal_event_is_rendered() -> None:
    for end in (
        TurnCompleted("stop", "", 0, Usage(), "a/b"),
        TurnCancelled("user", "", 0, Usage()),
        TurnFailed("STREAM_ERROR", "", True, ""),
    ):
        assert is_terminal(end)
        assert ChatRenderer().render(Entry(0, 0, end))
