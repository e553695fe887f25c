import json
from typing import Any

import pytest

from millrace.cli.client.exchange import Exchange, Send
from millrace.cli.client.notices import Began, Ended
from millrace.cli.client.shapes import RunningTurn, SessionDetail, StoredMessage, StoredSession
from millrace.cli.terminal.conversation import Conversation, choose_model


def request(exchange: Exchange | None) -> dict[str, Any]:
    assert exchange is not None
    (effect,) = exchange.opened()
    assert isinstance(effect, Send)
    frame: dict[str, Any] = json.loads(effect.frame)
    return frame


def message(role: Any, content: str) -> StoredMessage:
    return StoredMessage(content, "s", "t", role, content, "complete")


def detail(*messages: StoredMessage, running: list[RunningTurn] | None = None) -> SessionDetail:
    return SessionDetail(StoredSession("s", "Title", "", len(messages)), list(messages), running or [])


@pytest.fixture
def conversation() -> Conversation:
    return Conversation(session_id=None, model="p/m", thinking=False)


def test_the_second_question_is_asked_in_the_same_session(conversation: Conversation) -> None:
    first = request(conversation.ask("One?"))["data"]
    assert "session_id" not in first
    assert first["model"] == "p/m"
    conversation.began(Began("s", "m", "t", "p/m", "One?"))
    second = request(conversation.ask("Two?"))["data"]
    assert second["session_id"] == "s"
    assert second["request_id"] != first["request_id"]
    conversation.renew()
    assert "session_id" not in request(conversation.ask("Three?"))["data"]


def test_retry_writes_a_stored_answer_again_and_asks_again_what_left_nothing(conversation: Conversation) -> None:
    assert conversation.retry() is None
    conversation.ask("One?")
    assert request(conversation.retry())["data"]["message"] == "One?"
    conversation.ended(Ended(status="failed", session_id="s", message_id="m", text=""))
    again = request(conversation.retry())
    assert (again["type"], again["data"]["message_id"]) == ("chat_regenerate", "m")


def test_a_stored_conversation_goes_on(conversation: Conversation) -> None:
    assert conversation.opened(detail(message("user", "One?"), message("assistant", "First."))) is None
    assert request(conversation.ask("Two?"))["data"]["session_id"] == "s"
    conversation.opened(detail(message("user", "One?"), message("assistant", "First.")))
    assert request(conversation.retry())["data"]["message_id"] == "First."


def test_a_running_answer_is_followed(conversation: Conversation) -> None:
    running = [RunningTurn("t", "m", message("user", "Why?"))]
    assert request(conversation.opened(detail(running=running)))["data"] == {"turn_id": "t", "after_seq": -1}


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("openai/gpt-4", "openai/gpt-4"),
        ("MINI", "openai/gpt-4-mini"),
        ("gpt", None),
        ("nothing", None),
        ("openai/new", "openai/new"),
        ("smart", "smart"),
    ],
)
def test_models_are_chosen_by_name_or_part_of_it(wanted: str, chosen: str | None) -> None:
    assert choose_model(wanted, ["smart", "openai/gpt-4", "openai/gpt-4-mini", "embedded/passages"]) == chosen
