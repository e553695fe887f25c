"""The bytes of the Responses wire, without a socket."""

import json
from typing import Any

import pytest
from openai.types.responses import Response

from millrace.testing.simulator.ask import Ask, AskError
from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.faults import STREAM_ERROR, Refusal
from millrace.testing.simulator.script import Script
from millrace.testing.simulator.text import tokenize
from millrace.testing.simulator.wires.base import Encoder, Identity, Wire
from millrace.testing.simulator.wires.responses import ResponsesWire, ResumedResponsesWire, number_of, response_id

WIRE: Wire = ResponsesWire()
IDENTITY = Identity(7, 1_700_000_000, "sim")


def encoder(behaviour: str = "", wire: Wire = WIRE) -> Encoder:
    return wire.encoder(Ask(model="sim", prompt_tokens=3), Behaviour.read(behaviour), IDENTITY)


def events(data: bytes) -> list[Any]:
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        name, payload = block.split("\n")
        found.append(json.loads(payload.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def played(made: Encoder, reasoning: str = "", text: str = "a b", finish: Any = "stop") -> bytes:
    stream = made.start()
    if reasoning:
        stream += made.reasoning_start() + made.reasoning(tokenize(reasoning)) + made.reasoning_end()
    return stream + (made.text(tokenize(text)) if text else b"") + made.finish(finish)


def read(**body: Any) -> Ask:
    return WIRE.read(json.dumps({"model": "sim", "input": "hi"} | body).encode())


def test_a_request_is_read() -> None:
    ask = read(
        instructions="Be brief.",
        input=[
            {"role": "developer", "content": "Rules."},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "partial"}]},
            {"role": "user", "content": [{"type": "input_text", "text": "go "}, {"type": "input_text", "text": "on"}]},
        ],
        stream=True,
        max_output_tokens=9,
        temperature=1,
    )
    assert (ask.user_text, ask.partial, ask.stream, ask.max_tokens) == ("go on", "partial", True, 9)
    assert (read().user_text, read().stream, read().prompt_tokens) == ("hi", False, 1)


@pytest.mark.parametrize(
    "body", [b"{", b"{}", b'{"model":"m","input":[]}', b'{"model":"m","input":"x","max_output_tokens":0}', b"\xff"]
)
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(AskError):
        WIRE.read(body)


def test_the_order_of_a_stream() -> None:
    found = events(played(encoder(), "hm"))
    assert [event["type"].removeprefix("response.") for event in found] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in found] == list(range(16))
    response = Response.model_validate(found[-1]["response"])
    assert (response.output_text, response.usage and response.usage.output_tokens) == ("a b", 3)


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_incomplete_response(finish: str, reason: str) -> None:
    last = events(played(encoder(), finish=finish))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": reason}


def test_an_answer_that_ends_in_its_thinking_still_has_a_message() -> None:
    made = encoder()
    stream = made.start() + made.reasoning_start() + made.reasoning(tokenize("hm")) + made.finish("length")
    assert [item["type"] for item in events(stream)[-1]["response"]["output"]] == ["reasoning", "message"]


def test_thoughts_in_the_models_own_words() -> None:
    kinds = {event["type"] for event in events(played(encoder("reasoning_place=reasoning"), "hm"))}
    assert {"response.reasoning_text.delta", "response.reasoning_text.done"} <= kinds
    assert not any("summary" in kind for kind in kinds)


def test_no_usage() -> None:
    assert events(played(encoder("usage=none")))[-1]["response"]["usage"] is None


def test_a_whole_response() -> None:
    whole = encoder().whole(Script(tokenize("hm"), tokenize("a b"), "stop"))
    response = Response.model_validate(json.loads(whole))
    assert (response.output_text, response.status) == ("a b", "completed")


@pytest.mark.parametrize("after", range(-1, 17))
def test_a_response_that_is_taken_up_again_is_the_rest(after: int) -> None:
    whole = events(played(encoder(), "hm"))
    rest = events(played(encoder(wire=ResumedResponsesWire(IDENTITY, after)), "hm"))
    assert rest == whole[after + 1 :]


def test_the_names_of_responses() -> None:
    assert number_of(response_id(12)) == 12
    assert [number_of(name) for name in ("", "resp_sim_", "resp_sim_x", "12", "resp_sim_012")] == [None] * 5


def test_faults() -> None:
    error, failed = events(encoder().error(STREAM_ERROR))
    assert (error["type"], error["error"]["type"]) == ("error", "server_error")
    assert (failed["type"], failed["response"]["status"]) == ("response.failed", "failed")
    with pytest.raises(json.JSONDecodeError):
        events(encoder().malformed())
    with pytest.raises(UnicodeDecodeError):
        encoder().bad_utf8().decode()
    assert encoder().open_line().endswith(b'"delta":"')


def test_refusals_and_models_are_openais() -> None:
    assert json.loads(WIRE.refusal(Refusal(400, "no", code="c"))) == {
        "error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "c"}
    }
    assert json.loads(WIRE.models(["sim"]))["data"][0]["id"] == "sim"
    assert not WIRE.claims({})
