import pytest
from pydantic import ValidationError

from millrace.model.commands import StartTurn
from millrace.model.messages import Message, MessageError, Turn, Version
from millrace.model.turns import Lease, TurnRecord
from millrace.server.schemas import MessageShape, SessionCreation, iso


@pytest.mark.parametrize(
    ("unix_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_007, "2023-11-14T22:13:20.007Z"),
        (1_700_000_000_999, "2023-11-14T22:13:20.999Z"),
    ],
)
def test_times_are_utc_with_milliseconds(unix_ms: int, text: str) -> None:
    assert iso(unix_ms) == text


def test_a_message_is_shown_in_its_current_version() -> None:
    version = Version(
        number=2,
        content="Partly",
        status="failed",
        created_at=7,
        turn_id="t2",
        reasoning="Hm",
        error=MessageError("PROVIDER_TIMEOUT", "Too slow."),
    )
    message = Message(
        id="m", session_id="s", role="assistant", created_at=5, version=version, version_count=2, reactions=("like",)
    )
    shown = MessageShape.of(message).model_dump()
    assert (shown["version"], shown["version_count"], shown["turn_id"]) == (2, 2, "t2")
    assert shown["created_at"] == iso(5), "the message is as old as its first version"
    assert shown["error"] == {"code": "PROVIDER_TIMEOUT", "message": "Too slow."}
    assert (shown["reasoning"], shown["metadata"], shown["reactions"]) == ("Hm", None, ["like"])


def test_a_question_that_is_not_stored_yet_looks_as_it_will() -> None:
    turn = Turn(
        id="t",
        session_id="s",
        user_id="u",
        user_message_id="q",
        message_id="m",
        command=StartTurn(message="Why?"),
        model="a/b",
        created_at=5,
    )
    shown = MessageShape.asked(TurnRecord(turn, "running", Lease("t", "o", 1)))
    stored = Message(
        id="q",
        session_id="s",
        role="user",
        created_at=5,
        version=Version(number=1, content="Why?", status="complete", created_at=5, turn_id="t"),
    )
    assert shown == MessageShape.of(stored)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "\ud800"])
def test_a_title_is_some_text(title: str) -> None:
    with pytest.raises(ValidationError):
        SessionCreation.model_validate({"title": title})


def test_newer_clients_may_send_more() -> None:
    assert SessionCreation.model_validate({"title": " Birds ", "colour": "blue"}).title == "Birds"
