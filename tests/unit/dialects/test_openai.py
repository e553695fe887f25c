"""Chat completions: streamed or whole, the same; and what a client of either may rely on."""

import json

import pytest
from tests.conformance.cases import entries_of, load

from millrace.dialects.openai import DONE, ChatCompletions, completion
from millrace.model.errors import ContextTooLong, RateLimited
from millrace.model.events import Entry, TextDelta, TurnFailed, TurnStarted

CASES = load("openai", "render")["cases"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_what_is_streamed_amounts_to_what_is_sent_whole(case: dict[str, object]) -> None:
    entries = entries_of(case)
    renderer = ChatCompletions(usage=True).renderer()
    chunks = [json.loads(record[6:]) for entry in entries for record in renderer.render(entry)]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    whole = completion(entries)
    (choice,) = whole["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": "".join(delta.get("content", "") for delta in deltas),
        **(
            {"reasoning_content": thought}
            if (thought := "".join(d.get("reasoning_content", "") for d in deltas))
            else {}
        ),
        **({"annotations": found[0]} if (found := [d["annotations"] for d in deltas if "annotations" in d]) else {}),
    }
    assert choice["finish_reason"] == chunks[-2]["choices"][0]["finish_reason"]
    assert whole["usage"] == chunks[-1]["usage"]
    assert {whole["id"], whole["created"], whole["model"]} == {
        chunks[0]["id"],
        chunks[0]["created"],
        chunks[0]["model"],
    }
    assert whole.get("citations") == next((chunk["citations"] for chunk in chunks if "citations" in chunk), None)


def test_usage_is_told_to_those_who_asked() -> None:
    entries = entries_of(CASES[0])
    renderer = ChatCompletions(usage=False).renderer()
    chunks = [json.loads(record[6:]) for entry in entries for record in renderer.render(entry)]
    assert all(chunk["choices"] and "usage" not in chunk for chunk in chunks)
    assert ChatCompletions(usage=False).name != ChatCompletions(usage=True).name


def test_a_failure_is_an_error_and_no_end() -> None:
    log = [
        Entry(0, 0, TurnStarted("t", "s", "m", "u", "p/m")),
        Entry(1, 0, TextDelta(0, "a")),
        Entry(2, 0, TurnFailed("RATE_LIMIT", "Too fast.", True, "d", 1, 7.0)),
    ]
    renderer = ChatCompletions(usage=True).renderer()
    (record,) = [renderer.render(entry) for entry in log][-1]
    expected = {"message": "Too fast.", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}
    assert json.loads(record[6:]) == {"error": expected}
    with pytest.raises(RateLimited) as caught:
        completion(log)
    assert caught.value.retry_after == 7


def test_nothing_is_said_before_the_model_says_something() -> None:
    renderer = ChatCompletions(usage=True).renderer()
    assert renderer.render(Entry(0, 0, TurnStarted("t", "s", "m", "u", "p/m"))) == ()


def test_an_error_of_the_stream_is_a_record_too() -> None:
    record = ChatCompletions(usage=False).error(ContextTooLong())
    assert json.loads(record[6:])["error"]["code"] == "context_length_exceeded"
    assert record.endswith(b"\n\n")
    assert DONE == b"data: [DONE]\n\n"
