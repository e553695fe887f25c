"""What a client of the AI SDK gets over its WebSocket."""

import json

from millrace.dialects.ai_sdk_frames import Response
from millrace.dialects.parts import sse_record
from millrace.model.errors import NotFound

RECORDS = [sse_record(b'{"type":"start-step"}'), sse_record('{"type":"text-delta","delta":"ä"}'.encode())]


def test_chunks_are_numbered_once_they_are_sent() -> None:
    response = Response('r"1')
    assert [json.loads(frame)["sequence"] for frame in response.wrapped(RECORDS)] == [0, 1]
    frames = response.wrapped(RECORDS)
    response.sent(frames)
    assert [json.loads(frame)["sequence"] for frame in response.wrapped(RECORDS[:1])] == [2]
    chunk = {"type": "text-delta", "delta": "ä"}
    assert json.loads(frames[1]) == {"type": "chunk", "requestId": 'r"1', "sequence": 1, "chunk": chunk}


def test_the_frames_around_them() -> None:
    response = Response("r1")
    frames = (response.start(), response.end(), response.no_active(), response.error(NotFound("Not yours.")))
    assert [json.loads(frame) for frame in frames] == [
        {"type": "start", "requestId": "r1"},
        {"type": "end", "requestId": "r1"},
        {"type": "no-active", "requestId": "r1"},
        {"type": "error", "requestId": "r1", "errorText": "Not yours."},
    ]
