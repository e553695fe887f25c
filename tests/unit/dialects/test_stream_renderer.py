"""However a text with code blocks is cut, delivered and resumed, its chunks are the text and say where they lie."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.at import at

from millrace.dialects.stream_renderer import StreamRenderer
from millrace.model.events import AnyEvent, Entry, TextDelta, TurnCompleted, TurnStarted, Usage
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.digest import text_digest
from millrace.stream.fences import FenceScanner
from millrace.stream.frames import FrameCache

TEXTS = st.lists(
    st.sampled_from(["```py\n", "```\n", "~~~\n", "``", "`", "\n", "x = 1\n", "a word ", "ä🦊"]), max_size=25
).map("".join)


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """A turn that has ended, its text cut anywhere."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if text[a:b]]
    events: list[AnyEvent] = [TurnStarted("t", "s", "m", "u", "a/b", request_id="r")]
    events += [TextDelta(index, piece) for index, piece in enumerate(pieces)]
    events.append(TurnCompleted("stop", text_digest(text), len(pieces), Usage(), "a/b"))
    return [Entry(seq, seq, event) for seq, event in enumerate(events)]


def deliver(log: list[Entry], looks: list[int], *, lag_entries: int, after: int = -1) -> list[Any]:
    """What a follower gets that looks whenever the log has grown to one of `looks`, and at its end."""
    growing: list[Entry] = []
    delivery = Delivery(after, options=DeliveryOptions(lag_entries=lag_entries))
    cache = FrameCache(growing, StreamRenderer())
    frames: list[bytes] = []
    for end in [*sorted(look for look in looks if look < len(log)), len(log)]:
        growing[:] = log[:end]
        frames += cache.frames(delivery.take(growing, at(0), sealed=end == len(log)))
    return [json.loads(frame) for frame in frames]


def chunks(frames: list[Any]) -> list[Any]:
    return [frame["data"] for frame in frames if frame["type"] == "content_chunk"]


def kinds(pieces: list[tuple[str, bool, str | None]]) -> list[tuple[str, bool, str | None]]:
    """Each character with where it lies."""
    return [(char, is_code, language) for text, is_code, language in pieces for char in text]


@given(logs(), st.lists(st.integers(0, 20)), st.integers(1, 30))
def test_chunks_are_the_text_numbered_and_say_where_it_lies(
    log: list[Entry], looks: list[int], lag_entries: int
) -> None:
    frames = deliver(log, looks, lag_entries=lag_entries)
    got = chunks(frames)
    text = "".join(entry.event.text for entry in log if isinstance(entry.event, TextDelta))
    assert "".join(chunk["content"] for chunk in got) == text == frames[-1]["data"]["full_content"]
    index = 0
    for chunk in got:
        assert chunk["chunk_index"] == index
        index += chunk.get("merged", 1)
    assert kinds([(c["content"], c["is_code"], c.get("language")) for c in got]) == kinds(
        [(span.text, span.is_code, span.language) for span in FenceScanner().feed(text)]
    )
    seqs = [frame["data"]["seq"] for frame in frames]
    assert seqs == sorted(seqs)


@given(logs(), st.lists(st.integers(0, 20)), st.integers(1, 30), st.integers(0, 40), st.integers(1, 30))
def test_whoever_resumes_by_the_last_seq_seen_misses_nothing(
    log: list[Entry], looks: list[int], lag_entries: int, seen: int, lag_again: int
) -> None:
    before = deliver(log, looks, lag_entries=lag_entries)[:seen]
    after = before[-1]["data"]["seq"] if before else -1
    known = sum(chunk.get("merged", 1) for chunk in chunks(before))
    text = "".join(chunk["content"] for chunk in chunks(before))
    for chunk in chunks(deliver(log, looks, lag_entries=lag_again, after=after)):
        # A piece in which a block begins or ends is several chunks under one seq: those seen may come again, as such.
        if chunk["chunk_index"] >= known:
            text += chunk["content"]
        else:
            assert chunk["chunk_index"] + chunk.get("merged", 1) <= known
    assert text == "".join(entry.event.text for entry in log if isinstance(entry.event, TextDelta))
