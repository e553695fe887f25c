"""The bytes of OpenAI's chat-completions wire, without a socket."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.faults import STREAM_ERROR
from millrace.testing.simulator.script import Script
from millrace.testing.simulator.text import tokenize
from millrace.testing.simulator.wires.base import Encoder, Identity, Wire
from millrace.testing.simulator.wires.openai_chat import OpenAIChatWire, encode_models

IDENTITY = Identity(7, 1_700_000_000, "sim")
WIRE: Wire = OpenAIChatWire()


def encoder(behaviour: str = "", *, include_usage: bool = False) -> Encoder:
    ask = Ask(model="sim", include_usage=include_usage, prompt_tokens=3)
    return WIRE.encoder(ask, Behaviour.read(behaviour), IDENTITY)


def events(data: bytes) -> list[Any]:
    assert data.endswith(b"\n\n")
    blocks = data.decode().split("\n\n")[:-1]
    assert all(block.startswith("data: ") and "\n" not in block for block in blocks)
    payloads = [block.removeprefix("data: ") for block in blocks]
    return [payload if payload == "[DONE]" else json.loads(payload) for payload in payloads]


def deltas(data: bytes) -> list[Any]:
    return [event["choices"][0]["delta"] for event in events(data)]


def read(**body: Any) -> Ask:
    return WIRE.read(json.dumps({"model": "sim", "messages": [{"role": "user", "content": "hi"}]} | body).encode())


def test_a_request_is_read() -> None:
    ask = read(
        model="sim?tokens=5",
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=9,
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "partial"},
            {"role": "user", "content": [{"type": "text", "text": "go "}, {"type": "image_url"}, {"text": "on"}]},
        ],
        temperature=0.1,
        unknown={"deep": [1]},
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


def test_the_last_message_of_the_assistant_is_a_prefill() -> None:
    ask = read(messages=[{"role": "user", "content": "q"}, {"role": "assistant", "content": "So far"}])
    assert (ask.prefill, ask.user_text, ask.partial) == ("So far", "q", None)


def test_the_smaller_limit_holds() -> None:
    assert read(max_tokens=9, max_completion_tokens=4).max_tokens == 4
    assert read(max_tokens=None, stream=None, stream_options=None) == read()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not a chat completion request"),
        (b"\xff\xfe", "not a chat completion request"),
        (b'{"model":"sim"}', "messages"),
        (b'{"model":"sim","messages":[]}', "at least one message"),
        (b'{"model":5,"messages":[]}', "$.model"),
        (b'{"model":"sim","messages":[{"role":"user","content":"x"}],"max_tokens":0}', "at least 1"),
    ],
)
def test_a_bad_request_is_explained(body: bytes, words: str) -> None:
    with pytest.raises(AskError) as caught:
        WIRE.read(body)
    assert words in str(caught.value)


def test_a_stream_is_what_openai_sends() -> None:
    out = encoder()
    data = out.start() + out.text(tokenize('Quiet "river"\n✅')) + out.finish("stop")
    *chunks, done = events(data)
    assert done == "[DONE]"
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    assert {(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks} == {
        ("chatcmpl-sim-7", 1_700_000_000, "sim")
    }
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == 'Quiet "river"\n✅'
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert not any("usage" in chunk for chunk in chunks)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("reasoning_content", [{"content": None, "reasoning_content": "a"}, {"content": "b"}]),
        ("reasoning", [{"content": "", "reasoning": "a"}, {"content": "b"}]),
        (
            "parts",
            [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}]}, {"content": "b"}],
        ),
        ("think", [{"content": text} for text in ("<th", "ink>\n", "a", "\n</", "think>\n\n", "b")]),
    ],
)
def test_reasoning_in_all_its_places(place: str, expected: list[Any]) -> None:
    out = encoder(f"reasoning_place={place}")
    data = out.reasoning_start() + out.reasoning(tokenize("a")) + out.reasoning_end() + out.text(tokenize("b"))
    assert deltas(data) == expected


def stream_with_usage(behaviour: str, *, include_usage: bool) -> list[Any]:
    out = encoder(behaviour, include_usage=include_usage)
    data = out.start() + out.reasoning(tokenize("a b")) + out.text(tokenize("c d e")) + out.finish("length")
    return [event.get("usage", "absent") for event in events(data)[:-1]]


USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 5,
    "total_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


def test_usage_in_all_its_places() -> None:
    assert stream_with_usage("usage=last", include_usage=False) == ["absent"] * 7
    assert stream_with_usage("usage=last", include_usage=True) == [None] * 7 + [USAGE]
    assert stream_with_usage("usage=none", include_usage=True) == ["absent"] * 7
    assert stream_with_usage("usage=finish", include_usage=False) == ["absent"] * 6 + [USAGE]
    every = stream_with_usage("usage=every", include_usage=False)
    assert [usage["completion_tokens"] for usage in every] == [0, 1, 2, 3, 4, 5, 5]
    assert every[-1] == USAGE


def test_the_usage_chunk_has_no_choices_and_comes_before_done() -> None:
    *_, finish, usage, done = events(encoder(include_usage=True).finish("stop"))
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], done) == ([], "[DONE]")


def whole(behaviour: str) -> Any:
    script = Script(tokenize("why so"), tokenize("because"), "stop")
    return json.loads(encoder(behaviour).whole(script))


def test_an_answer_in_one_piece() -> None:
    completion = ChatCompletion.model_validate(whole(""), strict=True)
    assert completion.choices[0].message.content == "because"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3
    assert "usage" not in whole("usage=none")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("reasoning_content", {"content": "because", "reasoning_content": "why so"}),
        ("reasoning", {"content": "because", "reasoning": "why so"}),
        ("think", {"content": "<think>\nwhy so\n</think>\n\nbecause"}),
        (
            "parts",
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "why so"}]},
                    {"type": "text", "text": "because"},
                ]
            },
        ),
    ],
)
def test_reasoning_of_an_answer_in_one_piece(place: str, expected: dict[str, Any]) -> None:
    message = whole(f"reasoning_place={place}")["choices"][0]["message"]
    assert message == {"role": "assistant", "refusal": None} | expected


def test_an_error_in_the_stream() -> None:
    assert events(encoder().error(STREAM_ERROR)) == [
        {"error": {"message": STREAM_ERROR.message, "type": "server_error", "param": None, "code": None}}
    ]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (lambda out: out.malformed(), json.JSONDecodeError),
        (lambda out: out.bad_utf8(), UnicodeDecodeError),
    ],
)
def test_what_is_broken_is_one_event(broken: Callable[[Encoder], bytes], error: type[Exception]) -> None:
    data = broken(encoder())
    assert data.endswith(b"\n\n")
    assert data.count(b"\n") == 2
    with pytest.raises(error):
        json.loads(data.removeprefix(b"data: "))


def test_an_open_line_has_no_end() -> None:
    assert b"\n" not in encoder().open_line()


def test_the_list_of_models() -> None:
    (model,) = json.loads(encode_models(["sim"]))["data"]
    assert model == {"id": "sim", "object": "model", "created": 1_700_000_000, "owned_by": "millrace"}
