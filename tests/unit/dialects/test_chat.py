"""What the cases of tests/conformance cannot say of the dialect: frames outside a turn's log, and no input at all
that does anything but decode or be refused.
"""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from millrace.dialects.chat import ChatDialect, turn_context
from millrace.dialects.dialect import BadFrame, Reference
from millrace.model.commands import Ping
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream, ProviderFailure, RateLimited
from millrace.model.messages import Message, Version

AT_MS = 1_767_323_045_678

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "chat_request",
        "chat_stop",
        "chat_config",
        "chat_resume",
        "chat_pause",
        "chat_continue",
        "chat_regenerate",
        "ping",
    ]
)
FIELDS = st.sampled_from(
    ["message", "user_id", "session_id", "turn_id", "message_id", "after_seq", "config", "context", "model"]
)


def error_frame(error: MillraceError, reference: Reference) -> Any:
    return json.loads(ChatDialect().error(error, reference, AT_MS))


def test_an_error_outside_a_turn_names_what_it_is_about() -> None:
    assert error_frame(RateLimited("Wait.", retry_after=2), Reference("s", "m", "t", "r")) == {
        "type": "chat_error",
        "data": {
            "session_id": "s",
            "message_id": "m",
            "turn_id": "t",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "error": {"code": "RATE_LIMIT", "message": "Wait.", "recoverable": True, "retry_after": 2},
            "request_id": "r",
        },
    }


def test_an_error_about_nothing_known_has_no_seq_and_says_null() -> None:
    data = error_frame(InvalidRequest("No."), Reference())["data"]
    assert data == {
        "session_id": None,
        "message_id": None,
        "turn_id": None,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "error": {"code": "INVALID_REQUEST", "message": "No.", "recoverable": True},
    }


def test_an_answer_that_is_over_is_told_as_it_is_stored() -> None:
    version = Version(number=1, content="All of it.", status="complete", created_at=0, turn_id="t1")
    stored = Message(id="m1", session_id="s1", role="assistant", created_at=0, version=version)
    data = error_frame(NoActiveStream("Over.", answer=stored), Reference(turn_id="t1"))["data"]
    assert (data["session_id"], data["message_id"], data["turn_id"]) == ("s1", "m1", "t1")
    assert data["partial_message"] == "All of it."


def test_what_a_provider_said_is_never_sent() -> None:
    frame = ChatDialect().error(ProviderFailure(detail="Incorrect API key: sk-secret"), Reference(), AT_MS)
    assert b"sk-secret" not in frame


def is_object(noise: bytes | str) -> bool:
    try:
        return isinstance(json.loads(noise), dict)
    except ValueError:
        return False


@given(VALUES)
def test_a_pong_has_the_data_of_its_ping(data: Any) -> None:
    dialect = ChatDialect()
    command = dialect.decode(json.dumps({"type": "ping", "data": data}), "ana")
    assert isinstance(command, Ping)
    assert json.loads(dialect.pong(command, AT_MS)) == {"type": "pong", "data": data}


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_noise_is_refused(noise: bytes | str) -> None:
    assume(not is_object(noise))  # what stands in the source is tried too: `{"type":"ping"}`, for example
    with pytest.raises(BadFrame) as caught:
        ChatDialect().decode(noise, "ana")
    assert caught.value.error.code == "INVALID_REQUEST"


@given(TYPES, st.dictionaries(FIELDS | st.text(max_size=9), VALUES, max_size=5), st.booleans())
def test_whatever_the_fields_hold_there_is_a_command_or_a_refusal(kind: str, data: Any, binary: bool) -> None:
    text = json.dumps({"type": kind, "data": data})
    dialect = ChatDialect()
    refused: MillraceError | None = None
    frame = b'{"type": "chat_error"}'
    try:
        dialect.decode(text.encode() if binary else text, "ana")
    except BadFrame as bad:
        refused = bad.error
        frame = dialect.error(bad.error, bad.reference, AT_MS)
    assert refused is None or refused.code == "INVALID_REQUEST"
    assert json.loads(frame)["type"] == "chat_error"


def test_a_context_keeps_what_it_does_not_know() -> None:
    context = turn_context({"subject": "music", "tempo": 120, "difficulty": None})
    assert (context.subject, context.difficulty, context.extra) == ("music", None, {"tempo": 120})
    assert turn_context({}).extra is None
