"""The lines of Ollama's own wire, without a socket."""

import json
from typing import Any

import pytest

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour, Fault
from millrace.testing.simulator.faults import REFUSALS, SECRET, STREAM_ERROR
from millrace.testing.simulator.script import Script
from millrace.testing.simulator.text import tokenize
from millrace.testing.simulator.wires.base import Encoder, Identity, Wire
from millrace.testing.simulator.wires.ollama import OllamaWire

IDENTITY = Identity(7, 1_700_000_000, "sim")
WIRE: Wire = OllamaWire()


def encoder(behaviour: str = "") -> Encoder:
    return WIRE.encoder(Ask(model="sim", prompt_tokens=3), Behaviour.read(behaviour), IDENTITY)


def lines(data: bytes) -> list[Any]:
    assert not data or data.endswith(b"\n")
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def messages(data: bytes) -> list[Any]:
    return [line["message"] for line in lines(data)]


def body(**fields: Any) -> bytes:
    return json.dumps({"model": "sim", "messages": [{"role": "user", "content": "hi"}]} | fields).encode()


def test_a_request_is_read() -> None:
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "partial", "thinking": "so"},
        {"role": "user", "content": "go on"},
    ]
    ask = WIRE.read(body(messages=conversation, options={"num_predict": 9, "temperature": 1}, think=True))
    assert ask == Ask(
        model="sim",
        stream=True,
        max_tokens=9,
        include_usage=True,
        user_text="go on",
        partial="partial",
        prompt_tokens=7,
    )


@pytest.mark.parametrize(
    ("fields", "stream", "limit"),
    [({}, True, None), ({"stream": False}, False, None), ({"options": {"num_predict": -1}}, True, None)],
)
def test_what_holds_unless_it_is_said(fields: dict[str, Any], stream: bool, limit: int | None) -> None:
    ask = WIRE.read(body(**fields))
    assert (ask.stream, ask.max_tokens) == (stream, limit)


def test_an_assistant_message_at_the_end_is_a_prefill() -> None:
    ask = WIRE.read(body(messages=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Once "}]))
    assert (ask.prefill, ask.user_text) == ("Once ", "hi")


@pytest.mark.parametrize("data", [b"{", b"\xff", b'{"messages":[]}', b'{"model":"m"}', body(messages=3)])
def test_what_the_wire_refuses(data: bytes) -> None:
    with pytest.raises(AskError):
        WIRE.read(data)


def test_a_stream() -> None:
    answer = encoder()
    assert answer.start() == answer.reasoning_start() == b""
    thinking = messages(answer.reasoning(tokenize("Let me")) + answer.reasoning_end())
    assert [(message["content"], message["thinking"]) for message in thinking] == [("", "Let"), ("", " me")]
    assert [message["content"] for message in messages(answer.text(tokenize("Hi you")))] == ["Hi", " you"]
    (last,) = lines(answer.finish("length"))
    assert (last["done"], last["done_reason"], last["created_at"]) == (True, "length", "2023-11-14T22:13:20Z")
    assert (last["prompt_eval_count"], last["eval_count"]) == (3, 4)
    assert all(line["done"] is False for line in lines(answer.text(tokenize("Hi you"))))


def test_thinking_in_tags() -> None:
    answer = encoder("reasoning_place=think")
    data = answer.reasoning_start() + answer.reasoning(tokenize("so")) + answer.reasoning_end()
    assert "".join(message["content"] for message in messages(data)) == "<think>\nso\n</think>\n\n"


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("", {"role": "assistant", "content": "Hi", "thinking": "so"}),
        ("reasoning_place=think", {"role": "assistant", "content": "<think>\nso\n</think>\n\nHi"}),
    ],
)
def test_a_whole_answer(behaviour: str, message: dict[str, str]) -> None:
    whole = json.loads(encoder(behaviour).whole(Script(tokenize("so"), tokenize("Hi"), "stop")))
    assert (whole["message"], whole["done"], whole["eval_count"]) == (message, True, 2)
    plain = json.loads(encoder("usage=none").whole(Script([], tokenize("Hi"), "stop")))
    assert "eval_count" not in plain
    assert "thinking" not in plain["message"]


def test_errors() -> None:
    (line,) = lines(encoder().error(STREAM_ERROR))
    assert list(line) == ["error"]
    assert SECRET in line["error"]
    assert SECRET in lines(encoder().error(REFUSALS[Fault.OVERLOADED]))[0]["error"]
    assert SECRET in json.loads(WIRE.refusal(REFUSALS[Fault.NOT_FOUND]))["error"]


def test_broken_lines() -> None:
    answer = encoder()
    assert lines(answer.bad_utf8().replace(b"\xc3(\xff\xfe", b"?"))[0]["message"]["content"] == "?"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.malformed())
    assert b"\n" not in answer.open_line()


def test_models() -> None:
    assert WIRE.claims({})
    assert [item["model"] for item in json.loads(WIRE.models(["a", "b"]))["models"]] == ["a", "b"]
