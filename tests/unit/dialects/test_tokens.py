"""Positions and errors outside a turn's log, and any input at all."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.dialects.dialect import Reference
from millrace.dialects.tokens import TokensDialect, decode_question, failure_of, position
from millrace.model.errors import InvalidRequest, NoActiveStream, ProviderFailure, RateLimited
from millrace.model.messages import Message, Version

BODIES = st.dictionaries(st.text(), st.text() | st.integers()).map(lambda fields: json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("last_event_id", "seq"), [("", -1), ("t1:0", 0), ("t1:41", 41), ("7", 7), ("t1:-1", -1), ("t1:-5", -1)]
)
def test_the_id_of_an_event_is_a_position(last_event_id: str, seq: int) -> None:
    assert position(last_event_id, "t1") == seq


@pytest.mark.parametrize("wrong", ["t2:4", "t1:", "t1:x", "t1:4:5", ":4", "t1:٤", "t1:1e3", "t1:" + "9" * 40, "t1: 4"])
def test_what_is_no_position_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidRequest, match="Last-Event-ID"):
        position(wrong, "t1")


def test_an_error_outside_the_log_has_no_id() -> None:
    record = TokensDialect().error(RateLimited("Wait.", retry_after=2))
    assert record.startswith(b"data: {")
    assert record.endswith(b"}\n\n")
    assert json.loads(record[6:]) == {"error": "Wait.", "code": "RATE_LIMIT", "recoverable": True, "retry_after": 2}
    assert b"sk-secret" not in TokensDialect().error(ProviderFailure(detail="Incorrect key: sk-secret"))


def test_an_answer_that_is_over_is_told_as_it_is_stored() -> None:
    version = Version(number=1, content="All of it.", status="complete", created_at=0, turn_id="t1")
    stored = Message(id="m1", session_id="s1", role="assistant", created_at=0, version=version)
    failure = failure_of(NoActiveStream("Over.", answer=stored), Reference(turn_id="t1"))
    told = (failure.code, failure.session_id, failure.message_id, failure.turn_id, failure.answer)
    assert told == ("NO_ACTIVE_STREAM", "s1", "m1", "t1", "All of it.")


def test_variants_that_render_differently_have_different_names() -> None:
    assert len({TokensDialect(partial).name for partial in (None, True, False)}) == 3


@given(st.binary() | BODIES)
def test_any_body_is_a_question_or_refused(body: bytes) -> None:
    with suppress(InvalidRequest):
        decode_question(body, "ana")
