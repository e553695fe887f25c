"""The bytes of Gemini's wire, without a socket."""

import json
from typing import Any

import pytest

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.faults import STREAM_ERROR, Refusal
from millrace.testing.simulator.script import Script
from millrace.testing.simulator.text import tokenize
from millrace.testing.simulator.wires.base import Encoder, Identity, PathWire, RefusingWire, Wire
from millrace.testing.simulator.wires.gemini import GeminiWire

WIRE: Wire = GeminiWire("sim")


def encoder(behaviour: str = "", *, sse: bool = True) -> Encoder:
    ask = Ask(model="sim", prompt_tokens=3)
    return GeminiWire("sim", sse=sse).encoder(ask, Behaviour.read(behaviour), Identity(7, 1_700_000_000, "sim"))


def slices(data: bytes) -> list[Any]:
    assert data.endswith(b"\r\n\r\n")
    return [json.loads(block.removeprefix("data: ")) for block in data.decode().split("\r\n\r\n")[:-1]]


def read(**body: Any) -> Ask:
    return WIRE.read(json.dumps({"contents": [{"parts": [{"text": "hi"}]}]} | body).encode())


@pytest.mark.parametrize(
    ("target", "query", "stream", "media"),
    [
        ("sim?a=b:streamGenerateContent", {"alt": "sse"}, True, "text/event-stream"),
        ("sim?a=b:streamGenerateContent", {}, True, "application/json"),
        ("sim?a=b:generateContent", {}, False, "application/json"),
    ],
)
def test_the_path_says_what_is_asked_for(target: str, query: dict[str, str], stream: bool, media: str) -> None:
    wire = GeminiWire()
    assert isinstance(wire, PathWire)
    assert isinstance(wire, RefusingWire)
    found = wire.at({"target": target}, query)
    ask = found.read(b'{"contents":[{"parts":[{"text":"hi"}]}]}')
    assert (ask.model, ask.stream, found.stream_type) == ("sim?a=b", stream, media)


def test_a_request_is_read() -> None:
    ask = read(
        contents=[
            {"role": "user", "parts": [{"text": "first"}]},
            {"role": "model", "parts": [{"text": "partial"}]},
            {"role": "user", "parts": [{"text": "go "}, {"inlineData": {}}, {"text": "on"}]},
        ],
        systemInstruction={"parts": [{"text": "Be brief."}]},
        generationConfig={"maxOutputTokens": 9, "temperature": 1},
        tools=[],
    )
    assert (ask.user_text, ask.partial, ask.prefill, ask.max_tokens) == ("go on", "partial", None, 9)
    assert ask.prompt_tokens == 7
    assert read(contents=[{"role": "model", "parts": [{"text": "So"}]}]).prefill == "So"


@pytest.mark.parametrize(
    "body", [b"{", b"{}", b'{"contents":[]}', b'{"contents":[{}],"generationConfig":{"maxOutputTokens":0}}', b"\xff"]
)
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(AskError):
        WIRE.read(body)


def test_a_stream() -> None:
    made = encoder()
    assert made.start() == made.reasoning_start() == made.reasoning_end() == b""
    (thought,) = slices(made.reasoning(tokenize("hm")))
    assert thought["candidates"][0]["content"] == {"parts": [{"text": "hm", "thought": True}], "role": "model"}
    first, second = slices(made.text(tokenize("a b")))
    assert [each["candidates"][0]["content"]["parts"] for each in (first, second)] == [
        [{"text": "a"}],
        [{"text": " b"}],
    ]
    (last,) = slices(made.finish("length"))
    assert last["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert last["usageMetadata"] == {
        "promptTokenCount": 3,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 1,
        "totalTokenCount": 6,
    }


@pytest.mark.parametrize(("place", "where"), [("every", [1, 2, 2]), ("finish", [2]), ("none", [])])
def test_where_the_usage_stands(place: str, where: list[int]) -> None:
    made = encoder(f"usage={place}")
    found = slices(made.text(tokenize("a b")) + made.finish("stop"))
    counts = [each["usageMetadata"]["candidatesTokenCount"] for each in found if "usageMetadata" in each]
    assert counts == where


def test_an_array_without_alt_sse() -> None:
    made = encoder(sse=False)
    stream = made.text(tokenize("a b")) + made.finish("content_filter")
    found = json.loads(stream)
    assert [each["candidates"][0].get("finishReason") for each in found] == [None, None, "SAFETY"]
    broken = encoder(sse=False)
    assert json.loads(broken.text(tokenize("a")) + broken.error(STREAM_ERROR))[1]["error"]["code"] == 500


def test_a_whole_answer() -> None:
    whole = json.loads(encoder().whole(Script(tokenize("hm"), tokenize("a b"), "stop")))
    (candidate,) = whole["candidates"]
    assert candidate["content"]["parts"] == [{"text": "hm", "thought": True}, {"text": "a b"}]
    assert (candidate["finishReason"], whole["usageMetadata"]["totalTokenCount"]) == ("STOP", 6)
    assert "usageMetadata" not in json.loads(encoder("usage=none").whole(Script([], [], "stop")))


def test_faults() -> None:
    error = encoder().error(STREAM_ERROR)
    assert error.count(b"\n") > 3, "an error stands bare, over several lines"
    assert json.loads(error)["error"]["status"] == "INTERNAL"
    with pytest.raises(json.JSONDecodeError):
        slices(encoder().malformed())
    with pytest.raises(UnicodeDecodeError):
        encoder().bad_utf8().decode()
    assert encoder().open_line().endswith(b'"text":"')


def test_refusals() -> None:
    wire = GeminiWire("sim")
    answer = wire.refuse(Refusal(429, "no"), "2.5")
    error = json.loads(answer.body)["error"]
    assert (answer.status, answer.headers, error["status"]) == (429, {}, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["retryDelay"] == "2.5s"
    assert wire.refuse(Refusal(529, "no"), "soon").headers == {"Retry-After": "soon"}
    assert (
        "input token count"
        in json.loads(wire.refusal(Refusal(400, "x", code="context_length_exceeded")))["error"]["message"]
    )
    blocked = wire.refuse(Refusal(400, "x", code="content_filter"), None)
    assert (blocked.status, blocked.content_type) == (200, "text/event-stream")
    assert slices(blocked.body)[0]["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    array = GeminiWire("sim", sse=False)
    assert json.loads(array.refuse(Refusal(404, "x"), None).body)[0]["error"]["code"] == 404
    assert "promptFeedback" in json.loads(array.refuse(Refusal(400, "x", code="content_filter"), None).body)[0]
    single = GeminiWire("sim", stream=False)
    assert "promptFeedback" in json.loads(single.refuse(Refusal(400, "x", code="content_filter"), None).body)


def test_the_models() -> None:
    (model,) = json.loads(WIRE.models(["sim"]))["models"]
    assert (model["name"], WIRE.claims({})) == ("models/sim", True)
