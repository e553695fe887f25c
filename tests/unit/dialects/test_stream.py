"""What the cases of tests/conformance cannot say of the dialect: frames outside a turn's log, and any input at all."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from millrace.dialects.dialect import BadFrame, Reference
from millrace.dialects.stream import StreamDialect
from millrace.model.commands import Ping
from millrace.model.errors import InvalidRequest, MillraceError, NoActiveStream, ProviderFailure, RateLimited
from millrace.model.messages import Message, Version

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["chat_stream", "stop_generation", "resume_stream", "ping"]) | VALUES
FIELDS = st.sampled_from(["message_id", "session_id", "message", "context", "user_id", "turn_id", "after_seq", "model"])


def error_frame(error: MillraceError, reference: Reference) -> Any:
    return json.loads(StreamDialect().error(error, reference, 0))


def test_an_error_names_the_clients_message() -> None:
    told = error_frame(RateLimited("Wait.", retry_after=2), Reference(request_id="u1", session_id="s1", turn_id="t1"))
    assert told == {
        "type": "stream_error",
        "data": {
            "message_id": "u1",
            "session_id": "s1",
            "turn_id": "t1",
            "code": "RATE_LIMIT",
            "message": "Wait.",
            "recoverable": True,
            "retry_after": 2,
            "partial_content": "",
        },
    }
    data = error_frame(InvalidRequest("No."), Reference())["data"]
    assert data == {
        "message_id": None,
        "code": "INVALID_REQUEST",
        "message": "No.",
        "recoverable": True,
        "partial_content": "",
    }


def test_an_answer_that_is_over_is_told_as_it_is_stored() -> None:
    version = Version(number=1, content="All of it.", status="complete", created_at=0, turn_id="t1")
    stored = Message(id="m1", session_id="s1", role="assistant", created_at=0, version=version)
    data = error_frame(NoActiveStream("Over.", answer=stored), Reference(turn_id="t1"))["data"]
    assert data == {
        "message_id": None,
        "turn_id": "t1",
        "ai_message_id": "m1",
        "session_id": "s1",
        "code": "NO_ACTIVE_STREAM",
        "message": "Over.",
        "recoverable": False,
        "partial_content": "All of it.",
    }


def test_what_a_provider_said_is_never_sent() -> None:
    assert "sk-secret" not in str(error_frame(ProviderFailure(detail="Incorrect key: sk-secret"), Reference()))


@given(VALUES)
def test_a_pong_has_the_data_of_its_ping(data: Any) -> None:
    dialect = StreamDialect()
    command = dialect.decode(json.dumps({"type": "ping", "data": data}), "ana")
    assert isinstance(command, Ping)
    assert json.loads(dialect.pong(command, 0)) == {"type": "pong", "data": data}


@given(TYPES, st.dictionaries(FIELDS, VALUES) | VALUES)
def test_whatever_is_sent_is_a_command_or_an_answer(kind: Any, data: Any) -> None:
    dialect = StreamDialect()
    refused: BadFrame | None = None
    try:
        dialect.decode(json.dumps({"type": kind, "data": data}), "ana")
    except BadFrame as bad:
        refused = bad
    if refused is not None:
        assert refused.error.code == "INVALID_REQUEST"
        assert error_frame(refused.error, refused.reference)["type"] == "stream_error"
