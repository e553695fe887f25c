"""Answers and faults on bare sockets: what a client sees byte by byte, and what the journal says of it."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest
from tests.unit.testing.simulator.raw import LIMIT, chat, post, posting, read_chunk, read_head

from millrace.testing.simulator import BEHAVIOUR_HEADER, SECRET, Simulator, expected_reasoning, expected_text


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as running:
        yield running


async def test_a_stream_on_the_wire(simulator: Simulator) -> None:
    answer = await post(simulator.url, chat("sim?tokens=20&text=emoji&seed=3"))
    assert (answer.status, answer.ended) == (200, "regular")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text == expected_text("sim?tokens=20&text=emoji&seed=3")
    assert answer.events[-1] == "[DONE]"
    assert len(answer.chunks) == 21
    (request,) = await simulator.settled()
    assert (request.id, request.status, request.tokens_sent) == (answer.headers["x-request-id"], 200, 20)
    assert (request.closed_by, request.finished, request.behaviour.seed) == ("server", True, 3)


async def test_an_answer_in_one_piece_waits_for_its_tokens(simulator: Simulator) -> None:
    began = time.monotonic()
    answer = await post(simulator.url, chat("sim?tokens=5&interval_ms=10&ttft_ms=30", stream=False))
    assert time.monotonic() - began >= 0.069
    assert answer.headers["content-type"] == "application/json"
    completion = json.loads(answer.body)
    assert completion["choices"][0]["message"]["content"] == expected_text("sim?tokens=5")


async def test_the_header_wins_key_by_key(simulator: Simulator) -> None:
    answer = await post(simulator.url, chat("sim?tokens=9&seed=3"), {BEHAVIOUR_HEADER: "tokens=4"})
    assert answer.text == expected_text("sim?tokens=4&seed=3")


async def test_a_connection_serves_many_requests(simulator: Simulator) -> None:
    async with asyncio.timeout(LIMIT), posting(simulator.url, chat("sim?tokens=2")) as (reader, writer):
        for _ in range(2):
            answer = await read_head(reader)
            while chunk := await read_chunk(reader):
                answer.chunks.append(chunk)
            assert answer.text == expected_text("sim?tokens=2")
            body = json.dumps(chat("sim?tokens=2")).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)


async def test_an_old_client_gets_no_chunks(simulator: Simulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rsplit(":", 1)[1]))
    body = json.dumps(chat("sim?tokens=2")).encode()
    writer.write(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    async with asyncio.timeout(LIMIT):
        answer = await reader.read()
    writer.close()
    assert b"\r\n\r\ndata: {" in answer
    assert answer.endswith(b"\n\ndata: [DONE]\n\n")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("401", 401, "invalid_api_key"),
        ("402", 402, "invalid_request_error"),
        ("404", 404, "model_not_found"),
        ("413", 413, "request_too_large"),
        ("429", 429, "rate_limit_exceeded"),
        ("500", 500, None),
        ("503", 503, None),
        ("529", 529, None),
        ("quota", 429, "insufficient_quota"),
        ("context", 400, "context_length_exceeded"),
        ("content_filter", 400, "content_filter"),
    ],
)
async def test_refusals(simulator: Simulator, fault: str, status: int, code: str | None) -> None:
    answer = await post(simulator.url, chat(f"sim?fault={fault}&retry_after=soon"))
    assert (answer.status, answer.headers["retry-after"]) == (status, "soon")
    error = json.loads(answer.body)["error"]
    assert error["code"] == code
    assert SECRET in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}
    (request,) = await simulator.settled()
    assert (request.status, request.closed_by, request.finished) == (status, "server", False)


@pytest.mark.parametrize(
    ("model", "code", "param"),
    [("sim?tokns=1", "simulator_behaviour", "model"), ("sim?prefill=refuse", "invalid_request", "messages")],
)
async def test_mistakes_are_explained(simulator: Simulator, model: str, code: str, param: str) -> None:
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    answer = await post(simulator.url, chat(model, messages=messages))
    assert answer.status == 400
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert SECRET not in error["message"]


async def test_a_body_that_is_no_json(simulator: Simulator) -> None:
    answer = await post(simulator.url, b"{")
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "invalid_request")
    (request,) = simulator.requests()
    assert (request.model, request.status) == ("", 400)


@pytest.mark.parametrize(("fault", "ended"), [("cut", "reset"), ("truncate", "regular"), ("error_event", "regular")])
async def test_streams_that_break_off(simulator: Simulator, fault: str, ended: str) -> None:
    answer = await post(simulator.url, chat(f"sim?tokens=20&interval_ms=1&fault={fault}&after=7"))
    assert answer.ended == ended
    assert "[DONE]" not in answer.events
    objects = answer.objects
    if fault == "error_event":
        assert SECRET in objects.pop()["error"]["message"]
    text = "".join(choice["delta"]["content"] for chunk in objects for choice in chunk["choices"])
    assert text == expected_text("sim?tokens=7")
    assert all(choice["finish_reason"] is None for chunk in objects for choice in chunk["choices"])
    (request,) = await simulator.settled()
    assert (request.tokens_sent, request.closed_by, request.finished) == (7, "server", False)


async def test_broken_json_and_bytes_in_a_stream_that_goes_on(simulator: Simulator) -> None:
    for fault, mark in (("malformed", b'"brok\n\n'), ("bad_utf8", b"\xff\xfe")):
        answer = await post(simulator.url, chat(f"sim?tokens=6&fault={fault}&after=3"))
        assert mark in answer.chunks[3]
        del answer.chunks[3]
        assert answer.text == expected_text("sim?tokens=6")


async def test_pages_and_nothing(simulator: Simulator) -> None:
    page = await post(simulator.url, chat("sim?fault=html"))
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body.startswith(b"<!DOCTYPE html>")
    nothing = await post(simulator.url, chat("sim?fault=empty"))
    assert (nothing.status, nothing.body, nothing.ended) == (200, b"", "regular")


async def test_bytes_cut_anywhere_each_in_a_write_of_its_own(simulator: Simulator) -> None:
    whole = "sim?tokens=3&text=emoji&seed=3"
    for split in ("1", "7", "random"):
        answer = await post(simulator.url, chat(f"{whole}&split={split}"))
        assert answer.text == expected_text(whole)
        sizes = {len(chunk) for chunk in answer.chunks}
        assert max(sizes) <= (40 if split == "random" else int(split))


async def test_an_error_in_one_piece_is_a_status(simulator: Simulator) -> None:
    assert (await post(simulator.url, chat("sim?fault=error_event", stream=False))).status == 500


async def test_reasoning_comes_first(simulator: Simulator) -> None:
    answer = await post(simulator.url, chat("sim?tokens=5&reasoning=4&reasoning_place=think&seed=2"))
    thinking = expected_reasoning("sim?reasoning=4&seed=2")
    assert answer.text == f"<think>\n{thinking}\n</think>\n\n{expected_text('sim?tokens=5&seed=2')}"
    (request,) = await simulator.settled()
    assert request.tokens_sent == 9


async def test_a_fault_that_passes(simulator: Simulator) -> None:
    body = chat("sim?tokens=2&fault=503&fail_times=2&key=retry")
    assert [(await post(simulator.url, body)).status for _ in range(4)] == [503, 503, 200, 200]
    simulator.clear()
    assert (await post(simulator.url, body)).status == 503


@pytest.mark.parametrize(
    ("behaviour", "tokens", "status"),
    [
        ("fault=hang", 0, None),
        ("fault=hang_first", 0, 200),
        ("fault=stall&after=3", 3, 200),
        ("tokens=100&interval_ms=60000", 1, 200),
        ("ttft_ms=60000", 0, 200),
    ],
)
async def test_a_client_that_leaves_is_noticed_at_once(
    simulator: Simulator, behaviour: str, tokens: int, status: int | None
) -> None:
    async with posting(simulator.url, chat(f"sim?{behaviour}")):
        await simulator.wait_for(lambda requests: [(r.tokens_sent, r.status) for r in requests] == [(tokens, status)])
        left_at = time.time()
    (request,) = await simulator.settled()
    assert (request.closed_by, request.finished, request.tokens_sent) == ("client", False, tokens)
    assert request.closed_at is not None
    assert request.closed_at - left_at < 0.1


async def test_a_client_that_leaves_an_answer_in_one_piece(simulator: Simulator) -> None:
    async with posting(simulator.url, chat("sim?ttft_ms=60000", stream=False)):
        await simulator.wait_for(lambda requests: len(requests) == 1)
    (request,) = await simulator.settled()
    assert (request.closed_by, request.status) == ("client", None)


async def test_a_client_that_resets_is_noticed_too(simulator: Simulator) -> None:
    async with posting(simulator.url, chat("sim?tokens=10000&interval_ms=1")) as (_, writer):
        await simulator.wait_for(lambda requests: bool(requests) and requests[0].tokens_sent > 3)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        writer.transport.abort()
    (request,) = await simulator.settled()
    assert request.closed_by == "client"


async def test_a_client_that_does_not_read_holds_only_itself_up(simulator: Simulator) -> None:
    async with posting(simulator.url, chat("sim?fault=endless_line")) as (reader, _):
        await read_head(reader)
        answer = await post(simulator.url, chat("sim?tokens=50&interval_ms=2"))
        assert answer.text == expected_text("sim?tokens=50")
    await simulator.settled()
    assert [request.closed_by for request in simulator.requests()] == ["client", "server"]


async def test_a_slow_reader_gets_all_of_it(simulator: Simulator) -> None:
    model = "sim?tokens=40000&chunk=100"
    async with asyncio.timeout(LIMIT), posting(simulator.url, chat(model), receive_buffer=8192) as (reader, _):
        answer = await read_head(reader)
        await post(simulator.url, chat("sim?tokens=20&interval_ms=5"))
        stuck = simulator.requests()[0]
        assert stuck.closed_by is None
        assert stuck.tokens_sent < 40_000
        while chunk := await read_chunk(reader):
            answer.chunks.append(chunk)
    assert answer.text == expected_text(model)
