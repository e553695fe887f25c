"""The bytes of Anthropic's Messages wire, without a socket."""

import json
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, Fault
from millrace.testing.simulator.faults import REFUSALS, SECRET, STREAM_ERROR
from millrace.testing.simulator.script import Script
from millrace.testing.simulator.text import tokenize
from millrace.testing.simulator.wires.anthropic import SIGNATURE, AnthropicWire
from millrace.testing.simulator.wires.base import Encoder, Identity, Wire

IDENTITY = Identity(7, 1_700_000_000, "sim")
WIRE: Wire = AnthropicWire()
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def encoder(behaviour: str = "") -> Encoder:
    return WIRE.encoder(Ask(model="sim", prompt_tokens=3), Behaviour.read(behaviour), IDENTITY)


def events(data: bytes) -> list[Any]:
    assert data.endswith(b"\n\n")
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        name, payload = block.split("\n")
        value = json.loads(payload.removeprefix("data: "))
        assert name == f"event: {value['type']}"
        if value["type"] not in ("ping", "error"):
            EVENT.validate_python(value)  # the official client's own types accept it
        found.append(value)
    return found


def types(data: bytes) -> list[str]:
    return [event["type"] for event in events(data)]


def body(**fields: Any) -> bytes:
    plain = {"model": "sim", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return json.dumps({name: value for name, value in (plain | fields).items() if value is not ...}).encode()


def test_a_request_is_read() -> None:
    ask = WIRE.read(
        body(
            model="sim?tokens=5",
            stream=True,
            system=[{"type": "text", "text": "Be brief."}],
            messages=[
                {"role": "user", "content": "first"},
                {"role": "assistant", "content": "partial"},
                {"role": "user", "content": [{"type": "text", "text": "go "}, {"type": "text", "text": "on"}]},
            ],
            temperature=0.1,
        )
    )
    assert ask == Ask(
        model="sim?tokens=5",
        stream=True,
        max_tokens=9,
        include_usage=True,
        user_text="go on",
        partial="partial",
        prompt_tokens=7,
    )


def test_an_assistant_message_at_the_end_is_a_prefill() -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Once"}]
    ask = WIRE.read(body(messages=messages))
    assert (ask.stream, ask.prefill, ask.user_text) == (False, "Once", "hi")


USER = {"role": "user", "content": "hi"}
PREFILL = [USER, {"role": "assistant", "content": "Once"}]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max_tokens": ...}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "user", "content": " "}]}, "non-whitespace"),
        ({"messages": [USER, {"role": "assistant", "content": "Once "}]}, "trailing whitespace"),
        (
            {"messages": PREFILL, "max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 1024}},
            "when thinking is enabled",
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": 100}}, "at least 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "greater than `thinking.budget_tokens`"),
        ({"messages": "hi"}, "not a message request"),
        ({"model": ...}, "not a message request"),
    ],
)
def test_what_the_wire_refuses(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(AskError, match=words):
        WIRE.read(body(**fields))


def test_bytes_that_are_no_json() -> None:
    with pytest.raises(AskError):
        WIRE.read(b"\xff")


def test_a_stream_with_thinking() -> None:
    answer = encoder()
    opening = events(answer.start())
    assert [event["type"] for event in opening] == ["message_start", "ping"]
    assert opening[0]["message"]["usage"]["input_tokens"] == 3
    data = answer.reasoning_start() + answer.reasoning(tokenize("Let me see")) + answer.reasoning_end()
    thinking = events(data)
    assert thinking[0]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}
    deltas = [event["delta"] for event in thinking[1:-1]]
    assert [delta["thinking"] for delta in deltas[:-1]] == ["Let", " me", " see", ""]
    assert deltas[-1] == {"type": "signature_delta", "signature": SIGNATURE}
    said = events(answer.text(tokenize("Hi you")) + answer.text(tokenize("!")))
    assert [event["type"] for event in said] == ["content_block_start", *["content_block_delta"] * 3]
    assert {event["index"] for event in said} == {1}
    ending = events(answer.finish("length"))
    assert [event["type"] for event in ending] == ["content_block_stop", "message_delta", "message_stop"]
    assert ending[1]["delta"]["stop_reason"] == "max_tokens"
    assert ending[1]["usage"]["output_tokens"] == 6
    assert ending[1]["usage"]["output_tokens_details"] == {"thinking_tokens": 3}


def test_a_refusal_before_any_word_has_no_block() -> None:
    answer = encoder()
    answer.start()
    ending = events(answer.finish("content_filter"))
    assert [event["type"] for event in ending] == ["message_delta", "message_stop"]
    assert ending[0]["delta"]["stop_reason"] == "refusal"
    assert ending[0]["delta"]["stop_details"]["type"] == "refusal"


def test_no_counts() -> None:
    answer = encoder("usage=none")
    assert b"usage" not in answer.start() + answer.text(tokenize("a"))


def test_a_whole_message() -> None:
    message = json.loads(encoder().whole(Script(tokenize("so"), tokenize("Hi you"), "stop")))
    read = Message.model_validate(message)
    assert [block.type for block in read.content] == ["thinking", "text"]
    assert (read.stop_reason, read.usage.output_tokens) == ("end_turn", 3)


def test_an_error_in_the_middle_is_an_overload() -> None:
    (error,) = events(encoder().error(STREAM_ERROR))
    assert error["error"]["type"] == "overloaded_error"
    assert SECRET in error["error"]["message"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.UNAUTHORIZED, "authentication_error"),
        (Fault.PAYMENT_REQUIRED, "billing_error"),
        (Fault.NOT_FOUND, "not_found_error"),
        (Fault.TOO_LARGE, "request_too_large"),
        (Fault.RATE_LIMITED, "rate_limit_error"),
        (Fault.SERVER_ERROR, "api_error"),
        (Fault.UNAVAILABLE, "api_error"),
        (Fault.OVERLOADED, "overloaded_error"),
        (Fault.QUOTA, "billing_error"),
        (Fault.CONTEXT, "invalid_request_error"),
        (Fault.CONTENT_FILTER, "invalid_request_error"),
    ],
)
def test_refusals_in_the_wires_own_words(fault: Fault, kind: str) -> None:
    said = json.loads(WIRE.refusal(REFUSALS[fault]))
    assert (said["type"], said["error"]["type"]) == ("error", kind)
    assert SECRET in said["error"]["message"]


def test_broken_events() -> None:
    answer = encoder()
    bad = answer.bad_utf8()
    assert types(bad.replace(b"\xc3(\xff\xfe", b"?")) == ["content_block_start", "content_block_delta"]
    assert answer.malformed().startswith(b"event: content_block_delta\ndata: {")
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.malformed().split(b"data: ")[1])
    assert b"\n" not in answer.open_line().split(b"data: ")[1]


def test_models_are_for_those_who_name_the_version() -> None:
    assert WIRE.claims({"anthropic-version": "2026-10-21"})
    assert not WIRE.claims({})
    listing = json.loads(WIRE.models(["a", "b"]))
    assert [item["id"] for item in listing["data"]] == ["a", "b"]
    assert (listing["has_more"], listing["first_id"], listing["last_id"]) == (False, "a", "b")
    assert json.loads(WIRE.models([]))["data"] == []
