import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.at import at

from millrace.dialects.study import DONE, StudyDialect
from millrace.dialects.study_events import StudyEvents
from millrace.model.events import (
    AnyEvent,
    Entry,
    Passage,
    PassagesRetrieved,
    TextDelta,
    TurnCompleted,
    TurnStarted,
    Usage,
)
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.frames import FrameCache

END = TurnCompleted("stop", "dg", 0, Usage(), "p/m")


def log_of(*pieces: str) -> list[Entry]:
    passages = tuple(Passage(n, f"T{n}", "s", 1.0, document_id=f"d{n}", chunk_id=f"d{n}:0") for n in (1, 2, 3))
    events: list[AnyEvent] = [TurnStarted("t", "s", "m", "u", "p/m"), PassagesRetrieved(passages)]
    events += [TextDelta(index, piece) for index, piece in enumerate(pieces)]
    return [Entry(seq, 0, event) for seq, event in enumerate([*events, END])]


def tokens(frames: Sequence[bytes]) -> list[str]:
    records = [json.loads(frame.split(b"data: ", 1)[1]) for frame in frames if frame != DONE]
    return [record["content"] for record in records if record["type"] == "token"]


def rendered(log: list[Entry], chunk_size: int, *, lag_entries: int = 64) -> Sequence[bytes]:
    delivery = Delivery(live_from=len(log), options=DeliveryOptions(lag_entries=lag_entries, lag_ms=10**9))
    return FrameCache(log, StudyDialect(chunk_size).renderer()).frames(delivery.take(log, at(0), sealed=True))


@pytest.mark.parametrize(
    ("chunk_size", "expected"),
    [(1, list("abcdefg")), (5, ["abcde", "fg"]), (7, ["abcdefg"]), (0, ["abcdefg"])],
)
def test_pieces_are_grouped(chunk_size: int, expected: list[str]) -> None:
    assert tokens(rendered(log_of(*"abcdefg"), chunk_size)) == expected


@given(
    st.lists(st.text(alphabet="[]123 a`\n", min_size=1, max_size=4), max_size=20),
    st.integers(0, 5),
    st.integers(1, 64),
)
def test_however_it_is_delivered_the_text_is_the_same(pieces: list[str], chunk_size: int, lag_entries: int) -> None:
    log = log_of(*pieces)
    assert "".join(tokens(rendered(log, chunk_size, lag_entries=lag_entries))) == "".join(tokens(rendered(log, 1)))


@given(
    st.lists(st.text(alphabet="[]123 a`\n", min_size=1, max_size=4), max_size=20),
    st.integers(0, 5),
    st.integers(1, 64),
)
def test_every_piece_says_which_it_is(pieces: list[str], chunk_size: int, lag_entries: int) -> None:
    log = log_of(*pieces)
    delivery = Delivery(live_from=len(log), options=DeliveryOptions(lag_entries=lag_entries, lag_ms=10**9))
    frames = FrameCache(log, StudyEvents(chunk_size).renderer()).frames(delivery.take(log, at(0), sealed=True))
    known = 0
    for name, data in map(json.loads, frames):
        if name == "chat-stream-token":
            assert data["index"] == known
            known += data.get("merged", 1)
    assert known <= len(pieces) + 1


def test_two_that_render_differently_have_different_names() -> None:
    assert StudyDialect(1).name != StudyDialect(5).name
