"""What was said comes in the parts that a stream would have built."""

from millrace.dialects.ai_sdk_history import ui_message, ui_question
from millrace.model.commands import StartTurn
from millrace.model.events import Citation, TurnCompleted, Usage
from millrace.model.messages import Message, Turn, Version
from millrace.stream.metadata import completion_metadata


def test_an_answer_has_its_thinking_its_text_its_sources_and_what_to_ask_next() -> None:
    citations = (Citation("Optics", "https://example.org", "Light ...", 1), Citation("Notes", ""))
    end = TurnCompleted("stop", "d", 1, Usage(3, 4), "a/b", citations=citations)
    version = Version(
        number=1,
        content="So.",
        status="complete",
        created_at=0,
        turn_id="t",
        reasoning="Hm.",
        metadata=completion_metadata(end, ("Why?",)),
    )
    found = ui_message(Message(id="m", session_id="s", role="assistant", created_at=0, version=version))
    assert (found["id"], found["role"]) == ("m", "assistant")
    assert found["parts"] == [
        {"type": "reasoning", "text": "Hm.", "state": "done"},
        {"type": "text", "text": "So.", "state": "done"},
        {
            "type": "source-url",
            "sourceId": "source-1",
            "url": "https://example.org",
            "title": "Optics",
            "providerMetadata": {"millrace": {"snippet": "Light ...", "number": 1}},
        },
        {"type": "source-document", "sourceId": "source-2", "mediaType": "text/plain", "title": "Notes"},
        {"type": "data-suggestions", "id": "suggestions", "data": {"questions": ["Why?"]}},
    ]


def test_an_answer_that_said_nothing_has_no_text_and_a_question_is_what_was_asked() -> None:
    empty = Version(number=1, content="", status="failed", created_at=0, turn_id="t")
    assert ui_message(Message(id="m", session_id="s", role="assistant", created_at=0, version=empty))["parts"] == []
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
    question = ui_question(turn)
    assert (question["id"], question["parts"]) == ("u", [{"type": "text", "text": "Why?", "state": "done"}])
