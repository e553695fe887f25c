"""The fold, by the vectors that TypeScript passes too, and by what must always hold."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model.errors import StreamError
from millrace.model.events import AnyEvent, Entry, TextDelta, TurnCompleted, TurnStarted, Usage
from millrace.stream.digest import text_digest
from millrace.stream.fold import Fold, fold

VECTORS = msgspec.json.decode((Path(__file__).parents[2] / "vectors" / "fold.json").read_bytes())
START = TurnStarted("t", "s", "m", "u", "p/m")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    entries = msgspec.convert(vector["entries"], list[Entry])
    assert msgspec.json.decode(msgspec.json.encode(fold(entries))) == vector["message"]


@given(st.lists(st.text(min_size=1, max_size=10), max_size=30), st.data())
def test_any_reconnect_gives_the_same_message(pieces: list[str], data: st.DataObject) -> None:
    """A reader that comes back anywhere, with any overlap, ends with the same message."""
    text = "".join(pieces)
    events: list[AnyEvent] = [START, *(TextDelta(i, piece) for i, piece in enumerate(pieces))]
    events.append(TurnCompleted("stop", text_digest(text), len(pieces), Usage(), "p/m"))
    entries = [Entry(seq, 0, event) for seq, event in enumerate(events)]
    resumed = Fold()
    position = 0
    while position < len(entries):
        start = data.draw(st.integers(0, position), label="resume from")
        position = data.draw(st.integers(position + 1, len(entries)), label="cut at")
        for entry in entries[start:position]:
            resumed.apply(entry)
    assert resumed.message() == fold(entries)
    assert resumed.text == text
    assert resumed.message().digest == text_digest(resumed.text)


def test_a_gap_is_noticed() -> None:
    state = Fold()
    state.apply(Entry(0, 0, START))
    with pytest.raises(StreamError):
        state.apply(Entry(2, 0, TextDelta(1, "b")))
    assert state.last_seq == 0
