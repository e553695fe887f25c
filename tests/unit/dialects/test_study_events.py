import json

from millrace.dialects.dialect import Reference
from millrace.dialects.study_events import StudyEvents
from millrace.model.commands import Ping
from millrace.model.errors import NoActiveStream, NotFound
from millrace.model.messages import Message, Version


def test_an_error_outside_the_log() -> None:
    frame = StudyEvents().error(NotFound("Not yours."), Reference(session_id="s1"), 0)
    assert json.loads(frame) == [
        "chat-stream-error",
        {"sessionId": "s1", "error": "Not yours.", "code": "NOT_FOUND", "recoverable": False},
    ]


def test_an_answer_that_cannot_be_followed_any_more_is_told_as_it_was_shown() -> None:
    metadata = {"citations": [{"title": "Optics", "url": "", "number": 4}]}
    version = Version(number=1, content="So [4].", status="complete", created_at=0, turn_id="t1", metadata=metadata)
    stored = Message(id="m1", session_id="s1", role="assistant", created_at=0, version=version)
    _, data = json.loads(StudyEvents().error(NoActiveStream("Over.", answer=stored), Reference(turn_id="t1"), 0))
    assert (data["code"], data["error"]) == ("NO_ACTIVE_STREAM", "Over.")
    assert (data["sessionId"], data["turnId"], data["messageId"], data["answer"]) == ("s1", "t1", "m1", "So [1].")


def test_names_tell_chunk_sizes_apart() -> None:
    assert StudyEvents(1).name != StudyEvents(5).name
    assert json.loads(StudyEvents().pong(Ping(), 0))[0] == "pong"
