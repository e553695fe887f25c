"""What the cases of tests/conformance cannot say: errors outside a turn's log, and a frame as Socket.IO reads it."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from socketio.packet import EVENT, Packet

from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.tokens_events import EVENTS, TokensEvents
from millrace.model.errors import TurnInProgress
from millrace.model.events import Entry, TextDelta, TurnStarted

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(st.sampled_from(["session_id", "turn_id", "message"]), VALUES)


def test_an_error_outside_the_log_names_what_it_is_about() -> None:
    frame = TokensEvents().error(TurnInProgress("Wait."), Reference(session_id="s1", request_id="r1"), 0)
    about = {"error": "Wait.", "code": "TURN_IN_PROGRESS", "recoverable": True, "session_id": "s1", "request_id": "r1"}
    assert json.loads(frame) == ["chat_error", about]


def test_a_frame_is_what_socketio_reads_behind_a_two() -> None:
    renderer = TokensEvents().renderer()
    assert not renderer.render(Entry(0, 0, TurnStarted("t1", "s1", "m1", "u1", "a/b")))
    [frame] = renderer.render(Entry(1, 5, TextDelta(0, "ä\n🦊")))
    packet = Packet(encoded_packet="2" + frame.decode())
    assert packet.packet_type == EVENT
    assert packet.data == [
        "chat_token",
        {"seq": 1, "token": "ä\n🦊", "count": 1, "session_id": "s1", "turn_id": "t1"},
    ]


@given(
    st.sampled_from(EVENTS) | st.text(), VALUES | st.dictionaries(st.sampled_from(["session_id", "turn_id"]), VALUES)
)
def test_whatever_is_sent_is_a_command_or_refused(name: str, data: Any) -> None:
    with suppress(BadFrame):
        TokensEvents().event(name, data, "ana")
    with suppress(BadFrame):
        TokensEvents().decode(json.dumps([name, data]), "ana")
