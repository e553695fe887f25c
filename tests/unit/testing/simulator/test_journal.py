"""The journal by itself."""

import asyncio
import json
from itertools import count

import pytest

from millrace.testing.simulator.journal import Entry, Journal, encode_records


def journal(capacity: int = 10) -> Journal:
    clock = count(100)
    return Journal(lambda: float(next(clock)), capacity)


def opened(book: Journal, body: bytes = b"{}") -> Entry:
    return book.open("/v1/chat/completions", body, authorized=True)


def test_a_request_from_beginning_to_end() -> None:
    book = journal()
    entry = opened(book, b'{"model":"sim","messages":[{"role":"user","content":"hi"}],"temperature":0.5}')
    entry.count(2)
    entry.count(3)
    entry.close("server", finished=True)
    entry.close("client")
    (record,) = book.records()
    times = (record.began_at, record.first_token_at, record.last_token_at, record.closed_at)
    assert times == (100.0, 101.0, 102.0, 103.0)
    assert (record.tokens_sent, record.closed_by, record.finished, record.authorized) == (5, "server", True, True)
    assert record.messages == [{"role": "user", "content": "hi"}]
    assert record.parameters == {"temperature": 0.5}


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"messages":5}'])
def test_a_body_that_cannot_be_read_is_no_trouble(body: bytes) -> None:
    book = journal()
    opened(book, body)
    (record,) = book.records()
    assert (record.messages, record.parameters) == ([], {})


def test_it_is_bounded_and_keeps_the_latest() -> None:
    book = journal(capacity=2)
    for _ in range(3):
        opened(book)
    assert [record.id for record in book.records()] == ["req_sim_2", "req_sim_3"]
    book.clear()
    assert book.records() == []


def test_json_leaves_the_defaults_of_the_behaviour_out() -> None:
    book = journal()
    opened(book)
    (value,) = json.loads(encode_records(book.records()))
    assert value["behaviour"] == {}
    assert value["closed_by"] is None
    assert value["authorized"] is True


async def test_waiting_ends_with_the_change_waited_for() -> None:
    book = journal()
    entry = opened(book)
    waiting = asyncio.create_task(book.wait(lambda: entry.tokens_sent >= 2, 5))
    await asyncio.sleep(0)
    entry.count(1)
    await asyncio.sleep(0)
    assert not waiting.done()
    entry.count(1)
    await waiting
    assert not book.settled()
    entry.close("client")
    await book.wait(book.settled, 0)


async def test_waiting_has_a_limit() -> None:
    with pytest.raises(TimeoutError):
        await journal().wait(lambda: False, 0.01)
