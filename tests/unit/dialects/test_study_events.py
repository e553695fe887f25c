import json

from millrace.dialects.dialect import Reference
from millrace.dialects.study_events import StudyEvents
from millrace.model.commands import Ping
from millrace.model.errors import NoActiveStream, NotFound


def test_an_error_outside_the_log() -> None:
    frame = StudyEvents().error(NotFound("Not yours."), Reference(session_id="s1"), 0)
    assert json.loads(frame) == [
        "chat-stream-error",
        {"sessionId": "s1", "error": "Not yours.", "code": "NOT_FOUND", "recoverable": False},
    ]
    assert json.loads(StudyEvents().error(NoActiveStream(), Reference(), 0))[1]["code"] == "NO_ACTIVE_STREAM"


def test_names_tell_chunk_sizes_apart() -> None:
    assert StudyEvents(1).name != StudyEvents(5).name
    assert json.loads(StudyEvents().pong(Ping(), 0))[0] == "pong"
