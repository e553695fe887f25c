"""Whatever comes with a token is the text up to it, for as long as it is to come."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.at import at

from millrace.dialects.tokens import TokensDialect
from millrace.model.events import AnyEvent, Entry, TextDelta, TurnCompleted, TurnStarted, Usage
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.frames import FrameCache

LIMIT = 12


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    pieces = draw(st.lists(st.text(max_size=6), max_size=12))
    events: list[AnyEvent] = [TurnStarted("t", "s", "m", "u", "a/b")]
    events += [TextDelta(index, piece) for index, piece in enumerate(pieces)]
    events.append(TurnCompleted("stop", "", len(pieces), Usage(), "a/b"))
    return [Entry(seq, seq, event) for seq, event in enumerate(events)]


@pytest.mark.parametrize("partial", [None, True, False])
@given(logs(), st.lists(st.integers(0, 14)), st.integers(1, 20))
def test_partials_are_the_text_so_far(
    partial: bool | None, log: list[Entry], looks: list[int], lag_entries: int
) -> None:
    growing: list[Entry] = []
    delivery = Delivery(options=DeliveryOptions(lag_entries=lag_entries))
    cache = FrameCache(growing, TokensDialect(partial, partial_chars=LIMIT).renderer())
    records: list[bytes] = []
    for end in [*sorted(look for look in looks if look < len(log)), len(log)]:
        growing[:] = log[:end]
        records += cache.frames(delivery.take(growing, at(0), sealed=end == len(log)))
    text, count = "", 0
    tokens: list[dict[str, Any]] = [json.loads(record.split(b"data: ", 1)[1]) for record in records[:-1]]
    for token in tokens:
        text += token["token"]
        assert token["count"] > count
        count = token["count"]
        wanted = partial if partial is not None else len(text) < LIMIT
        assert token.get("partial") == (text if wanted else None)
    assert text == "".join(entry.event.text for entry in log if isinstance(entry.event, TextDelta))
    assert count == len(log) - 2
