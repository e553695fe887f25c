"""The schema says what is sent and what is taken: every frame of the conformance cases fits it."""

import json
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.conformance.cases import frame_of, load

from millrace.dialects import stream_frames
from millrace.dialects.chat_frames import CLIENT_FRAMES, SERVER_FRAMES
from millrace.dialects.schema import chat_schema, stream_schema


def validator(name: str, schema: dict[str, Any] | None = None) -> Draft202012Validator:
    schema = schema or chat_schema()
    return Draft202012Validator({"$schema": schema["$schema"], "$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def rendered(dialect: str = "chat") -> list[dict[str, Any]]:
    content = load(dialect, "render")
    return [
        {"type": frame["type"], "data": {**content["ids"], **frame["data"]}}
        for case in content["cases"]
        for frame in case["frames"]
    ]


def test_it_is_json_schema_of_2020_12() -> None:
    schema = chat_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_every_rendered_frame_fits() -> None:
    frames = rendered()
    assert {frame["type"] for frame in frames} == set(SERVER_FRAMES)
    for frame in frames:
        validator("ServerFrame").validate(frame)


@pytest.mark.parametrize("kind", sorted(SERVER_FRAMES))
def test_no_field_of_a_frame_can_be_missing(kind: str) -> None:
    """But those that the protocol calls optional."""
    optional = {"seq", "estimated_time_ms", "request_id", "merged", "is_final", "partial_message"}
    frame = next(frame for frame in rendered() if frame["type"] == kind)
    for field in set(frame["data"]) - optional:
        rest = {name: value for name, value in frame["data"].items() if name != field}
        assert not validator("ServerFrame").is_valid({"type": kind, "data": rest}), field


def test_every_accepted_client_frame_fits() -> None:
    accepted = [json.loads(frame_of(case)) for case in load("chat", "decode")["cases"] if "command" in case]
    assert {frame["type"] for frame in accepted} == {*CLIENT_FRAMES, "ping"}
    for frame in accepted:
        validator("ClientFrame").validate({"data": {}, **frame})


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "chat_dance", "data": {}},
        {"type": "chat_request", "data": {}},
        {"type": "chat_request", "data": {"message": 1}},
        {"type": "chat_request", "data": {"message": "a", "thinking_mode": "system3"}},
        {"type": "chat_config", "data": {"config": {"stream_speed": "warp"}}},
        {"type": "chat_resume", "data": {"turn_id": "t", "after_seq": "1"}},
        {"type": "content_token", "data": {}},
    ],
)
def test_what_is_refused_does_not_fit(frame: dict[str, Any]) -> None:
    assert not validator("ClientFrame").is_valid(frame)


def test_a_ping_and_its_pong_hold_anything() -> None:
    anything: list[Any] = [None, 1, "x", [], {}]
    for data in anything:
        validator("ClientFrame").validate({"type": "ping", "data": data})
        validator("ServerFrame").validate({"type": "pong", "data": data})


def test_every_frame_of_stream_fits_its_schema() -> None:
    schema = stream_schema()
    Draft202012Validator.check_schema(schema)
    frames = rendered("stream")
    assert {frame["type"] for frame in frames} == set(stream_frames.SERVER_FRAMES)
    for frame in frames:
        validator("ServerFrame", schema).validate(frame)
    for case in load("stream", "decode")["cases"]:
        if "command" in case:
            validator("ClientFrame", schema).validate({"data": {}, **json.loads(frame_of(case))})
    refused = {"type": "chat_stream", "data": {"message": "a"}}
    assert not validator("ClientFrame", schema).is_valid(refused)


@pytest.mark.parametrize(("arguments", "schema"), [((), chat_schema()), (("stream",), stream_schema())])
def test_it_is_printed_for_generators(arguments: tuple[str, ...], schema: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "millrace.dialects.schema", *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, timeout=30)
    assert json.loads(printed.stdout) == schema
