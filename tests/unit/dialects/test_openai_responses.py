"""Responses: numbers without a gap, the same for everybody, and a snapshot that is what was streamed."""

import json
from typing import Any

import pytest
from tests.conformance.cases import entries_of, load
from tests.support.at import at

from millrace.dialects.openai_responses import DELIVERY, Responses, response
from millrace.dialects.openai_responses_request import ResponseFacts
from millrace.model.errors import Overloaded
from millrace.model.events import Entry, TurnStarted, is_terminal
from millrace.stream.delivery import Delivery

FACTS = ResponseFacts(created_at=3, instructions="Rhyme.", previous_response_id="resp_0", metadata={"a": "b"})
LOGS = [(case["name"], entries_of(case)) for case in load("openai_responses", "render")["cases"]]
CASES = [pytest.param(log, id=name) for name, log in LOGS]
ENDED = [pytest.param(log, id=name) for name, log in LOGS if is_terminal(log[-1].event)]


def records(entries: list[Entry], *, eager: bool) -> list[bytes]:
    renderer = Responses(FACTS, eager=eager).renderer()
    return [record for entry in entries for record in renderer.render(entry)]


def event_of(record: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(record.partition(b"data: ")[2])
    return event


@pytest.mark.parametrize("entries", CASES)
def test_whoever_comes_when_gets_the_same_numbers(entries: list[Entry]) -> None:
    told = records(entries, eager=True)
    assert [event_of(record)["sequence_number"] for record in told] == list(range(len(told)))
    assert records(entries, eager=False) == told, "what waits for the model's first word is not told differently"


@pytest.mark.parametrize("entries", ENDED)
def test_the_end_is_what_was_streamed(entries: list[Entry]) -> None:
    events = [event_of(record) for record in records(entries, eager=True)]
    last = events[-1]["response"]
    assert last["output"] == [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert last == response(entries, FACTS)
    assert (last["instructions"], last["previous_response_id"]) == ("Rhyme.", "resp_0")


def test_what_waits_says_nothing_before_the_models_first_word() -> None:
    started = Entry(0, 0, TurnStarted("t", "s", "m", "u", "p/m"))
    assert Responses(FACTS, eager=False).renderer().render(started) == ()
    assert len(Responses(FACTS, eager=True).renderer().render(started)) == 2
    assert Responses(FACTS, eager=False).name != Responses(FACTS, eager=True).name


def test_nothing_is_ever_merged() -> None:
    log = [Entry(0, 0, TurnStarted("t", "s", "m", "u", "p/m"))] * 5000
    batch = Delivery(options=DELIVERY).take(log, at(10**15), sealed=False)
    assert list(batch.parts) == [range(5000)]


def test_an_error_of_the_stream_has_no_number() -> None:
    record = Responses(FACTS, eager=True).error(Overloaded())
    assert record.startswith(b"event: error\n")
    event = event_of(record)
    assert event["error"]["code"] == "overloaded"
    assert "sequence_number" not in event
