import json

from millrace.dialects.session_frames import SessionMessage
from millrace.dialects.session_renderer import SessionRenderer
from millrace.model.events import Entry, TextDelta, TurnStarted
from millrace.stream.delivery import Merged


def test_pieces_that_were_joined_say_how_many_they_are() -> None:
    renderer = SessionRenderer()
    renderer.render(Entry(0, 0, TurnStarted("t", "s", "m", "u", "p/m")))
    for index in range(3):
        renderer.render(Entry(index + 1, 0, TextDelta(index, "a")))
    (frame,) = renderer.merge(Merged(0, 3, 3, 0, "aaa"))
    chunk = json.loads(frame)
    assert (chunk["type"], chunk["content"], chunk["chunk_id"], chunk["merged"], chunk["seq"]) == (
        "chunk",
        "aaa",
        0,
        3,
        3,
    )


def test_a_message_that_is_printed_shows_no_keys() -> None:
    assert "sk-" not in repr(SessionMessage("Why?", api_keys={"openai": "sk-secret"}))
