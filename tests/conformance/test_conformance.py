"""Every dialect against its cases: frames in, commands out; entries in, frames out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct
from tests.conformance.cases import BEGIN_MS, Case, dialects, entries_of, frame_of, load, spelled
from tests.support.at import at

from millrace.dialects.ag_ui import AgUiDialect, RunNames, decode_run
from millrace.dialects.ai_sdk import AiSdkDialect, decode_ask
from millrace.dialects.ai_sdk_frames import decode_frame
from millrace.dialects.chat import ChatDialect
from millrace.dialects.dialect import BadFrame, Dialect, Reference
from millrace.dialects.openai import ChatCompletions
from millrace.dialects.openai_request import decode_chat_completion
from millrace.dialects.openai_responses import Responses
from millrace.dialects.openai_responses_request import ResponseFacts, decode_response
from millrace.dialects.session import SessionDialect
from millrace.dialects.stream import StreamDialect
from millrace.dialects.study import StudyDialect, decode_search
from millrace.dialects.study_events import StudyEvents
from millrace.dialects.tokens import TokensDialect, decode_question
from millrace.dialects.tokens_events import TokensEvents
from millrace.model.errors import MillraceError
from millrace.model.events import Entry, is_terminal
from millrace.stream.delivery import Delivery, DeliveryOptions
from millrace.stream.frames import FrameCache, Renderer, Rendering

DIALECTS: dict[str, Callable[[], Dialect]] = {
    "chat": ChatDialect,
    "stream": StreamDialect,
    "session": lambda: SessionDialect("main", "s1"),
    "tokens_events": TokensEvents,
    "study_events": StudyEvents,
}
# Dialects of HTTP: an answer is an event stream, a question the body of a request.
EVENT_STREAMS: dict[str, Callable[[], Rendering]] = {
    "ag_ui": lambda: AgUiDialect(RunNames("th1", "run1")),
    "ai_sdk": AiSdkDialect,
    "tokens": lambda: TokensDialect(partial_chars=20),
    "study": StudyDialect,
    "openai": lambda: ChatCompletions(usage=True),
    "openai_responses": lambda: Responses(ResponseFacts(created_at=BEGIN_MS // 1000, metadata={"a": "b"}), eager=True),
}
BODIES: dict[str, Callable[[bytes, str], Struct]] = {
    "ag_ui": lambda body, user_id: decode_run(body, user_id)[0],
    "ai_sdk": decode_ask,
    "ai_sdk_frames": decode_frame,
    "tokens": decode_question,
    "study": decode_search,
    "openai": lambda body, _: decode_chat_completion(body),
    "openai_responses": lambda body, _: decode_response(body, BEGIN_MS),
}


def cases(kind: str) -> list[Any]:
    found = []
    for dialect in dialects(kind):
        content = load(dialect, kind)
        found += [pytest.param(dialect, content, case, id=f"{dialect}: {case['name']}") for case in content["cases"]]
    return found


@pytest.mark.parametrize(("dialect", "content", "case"), cases("decode"))
def test_a_frame_is_decoded(dialect: str, content: dict[str, Any], case: Case) -> None:
    if "error" not in case:
        assert spelled(decoded(dialect, frame_of(case), content["user_id"])) == case["command"]
        return
    with pytest.raises((BadFrame, MillraceError)) as caught:
        decoded(dialect, frame_of(case), content["user_id"])
    bad, expected = caught.value, case["error"]
    error = bad.error if isinstance(bad, BadFrame) else bad
    assert isinstance(error, MillraceError)
    assert error.code == expected["code"]
    assert expected["says"] in error.message
    reference = bad.reference if isinstance(bad, BadFrame) else Reference()
    about = {name: value for name in reference.__struct_fields__ if (value := getattr(reference, name)) is not None}
    assert about == expected.get("about", {})


def decoded(dialect: str, frame: str | bytes, user_id: str) -> Any:
    if dialect in BODIES:
        return BODIES[dialect](frame.encode() if isinstance(frame, str) else frame, user_id)
    return DIALECTS[dialect]().decode(frame, user_id)


def renderer_of(dialect: str) -> Renderer:
    return (EVENT_STREAMS[dialect] if dialect in EVENT_STREAMS else DIALECTS[dialect])().renderer()


def read(frame: bytes) -> Any:
    """A frame, or the record of an event stream: one line of data, and before it perhaps an id or the event's name."""
    if not frame.startswith((b"data: ", b"id: ", b"event: ")):
        return json.loads(frame)
    assert b"\r" not in frame
    *before, data, end, nothing = frame.split(b"\n")
    assert (end, nothing) == (b"", b"")
    if data == b"data: [DONE]":
        return "[DONE]"
    record = json.loads(data.removeprefix(b"data: "))
    named = dict(line.decode().split(": ", 1) for line in before)
    assert named.pop("event", record.get("type")) == record.get("type")
    return {**named, **record}


@pytest.mark.parametrize(("dialect", "content", "case"), cases("render"))
def test_a_turn_is_rendered(dialect: str, content: dict[str, Any], case: Case) -> None:
    log = entries_of(case)
    deliver = dict(case.get("deliver", {}))
    after = deliver.pop("after", -1)
    options = DeliveryOptions(**{"lag_ms": 10**9, **deliver})
    delivery = Delivery(after, live_from=len(log), options=options)
    batch = delivery.take(log, at(log[-1].at), sealed=is_terminal(log[-1].event))
    frames = FrameCache(log, renderer_of(dialect), options.hidden()).frames(batch)
    expected = [whole(each, content.get("ids", {})) for each in case["frames"]]
    assert [read(frame) for frame in frames] == expected
    # And one by one, as somebody gets them who keeps up: the same, as long as nothing was merged.
    if not {"lag_entries", "snapshot"} & deliver.keys():
        assert one_by_one(renderer_of(dialect), log, after, options) == expected


def whole(frame: Any, ids: dict[str, str]) -> Any:
    """A frame with the ids that are in every frame: in its argument or `data` where it has that, else in itself."""
    if isinstance(frame, str):
        return frame
    if isinstance(frame, list):
        return [frame[0], {**ids, **frame[1]}]
    return {**frame, "data": {**ids, **frame["data"]}} if "data" in frame else {**ids, **frame}


def one_by_one(renderer: Renderer, log: list[Entry], after: int, options: DeliveryOptions) -> list[Any]:
    growing: list[Entry] = []
    delivery = Delivery(after, options=options)
    cache = FrameCache(growing, renderer, options.hidden())
    frames: list[bytes] = []
    for entry in log:
        growing.append(entry)
        batch = delivery.take(growing, at(entry.at), sealed=is_terminal(entry.event))
        frames += cache.frames(batch)
    return [read(frame) for frame in frames]
