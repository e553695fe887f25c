"""What was said is told at the beginning to whoever joins in."""

import json
from typing import Any

from millrace.dialects.ag_ui import AgUiDialect, RunNames
from millrace.dialects.ag_ui_history import agent_message, agent_question
from millrace.model.commands import StartTurn
from millrace.model.events import Entry, TurnStarted
from millrace.model.messages import Message, Turn, Version

NAMES = RunNames("th", "r")


def read(records: bytes) -> list[dict[str, Any]]:
    return [json.loads(record.removeprefix(b"data: ")) for record in records.split(b"\n\n") if record]


def test_messages_come_behind_the_beginning_of_a_run() -> None:
    version = Version(number=1, content="So.", status="complete", created_at=0, turn_id="t")
    said = [agent_message(Message(id="m", session_id="s", role="assistant", created_at=0, version=version))]
    dialect = AgUiDialect(NAMES, said)
    assert dialect.name != AgUiDialect(NAMES).name, "its frames are not those of who asked"
    started, told = read(b"".join(dialect.renderer().render(Entry(0, 0, TurnStarted("t", "s", "m", "u", "a/b")))))
    assert (started["type"], told["type"]) == ("RUN_STARTED", "MESSAGES_SNAPSHOT")
    [message] = told["messages"]
    assert (message["id"], message["role"], message["content"]) == ("m", "assistant", "So.")


def test_a_conversation_in_which_nothing_is_answered_is_a_whole_run() -> None:
    run = read(AgUiDialect(NAMES, []).idle())
    assert [event["type"] for event in run] == ["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]
    assert run[2] == {"type": "RUN_FINISHED", "threadId": "th", "runId": "r", "outcome": {"type": "success"}}


def test_the_question_of_a_running_turn_is_told_as_well() -> None:
    turn = Turn(
        id="t",
        session_id="s",
        user_id="ana",
        user_message_id="u",
        message_id="m",
        command=StartTurn(message="Why?"),
        model="a/b",
        created_at=0,
    )
    assert agent_question(turn) == {"id": "u", "role": "user", "content": "Why?"}
