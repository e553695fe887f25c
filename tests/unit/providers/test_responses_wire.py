"""The events of the Responses wire, each stream whole, byte by byte, in 7s and at random cuts."""

import json
from typing import Any

import pytest
from tests.unit.providers import cuts
from tests.unit.providers.response_events import (
    COMPLETED,
    CREATED,
    completed,
    event,
    failed,
    made,
    message,
    ok,
    reasoning,
    response,
    summary,
    text,
)

from millrace.model.errors import ContentFiltered, ContextTooLong, MillraceError, ProviderFailure, RateLimited
from millrace.model.events import Citation, Usage
from millrace.model.generation import ReasoningPiece, TextPiece
from millrace.providers.failures import Call
from millrace.providers.responses_wire import ResponsesDecoder
from millrace.providers.sse import SseDecoder


def annotation(url: str, begin: int | None = None, end: int | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "url_citation", "url": url, "title": "T", "start_index": begin, "end_index": end, **more}


def annotated(note: Any, output: int = 0, content: int = 0) -> bytes:
    kind = "response.output_text.annotation.added"
    return event(kind, output_index=output, content_index=content, annotation_index=0, annotation=note)


def test_a_whole_stream_in_the_order_of_openai() -> None:
    answer = ok(
        CREATED,
        event("response.in_progress", sequence_number=1, response=response("in_progress")),
        event("response.output_item.added", output_index=0, item={"type": "reasoning", "id": "rs_1", "summary": []}),
        event("response.reasoning_summary_part.added", output_index=0, summary_index=0, part={"text": ""}),
        summary("Let me "),
        summary("see."),
        event("response.reasoning_summary_text.done", output_index=0, summary_index=0, text="Let me see."),
        event("response.reasoning_summary_part.done", output_index=0, summary_index=0, part={"text": "Let me see."}),
        event("response.output_item.done", output_index=0, item={"type": "reasoning"}),
        event("response.output_item.added", output_index=1, item={"type": "message"}),
        event("response.content_part.added", output_index=1, content_index=0, part={"type": "output_text"}),
        text("Hel", 1),
        text("lo", 1),
        event("response.output_text.done", output_index=1, content_index=0, text="Hello"),
        event("response.content_part.done", output_index=1, content_index=0, part={"text": "Hello"}),
        event("response.output_item.done", output_index=1, item=message("Hello")),
        completed(output=[{"type": "reasoning"}, message("Hello")]),
    )
    assert [type(delta).__name__ for delta in answer.deltas] == [
        "ReasoningPiece",
        "ReasoningPiece",
        "TextPiece",
        "TextPiece",
        "UsageReported",
        "Finished",
    ]
    assert (answer.reasoning, answer.text, answer.finish) == ("Let me see.", "Hello", "stop")
    assert answer.usage == Usage(9, 7, 5, 4)


def test_ids_that_rotate_with_every_event() -> None:
    streams = [text(word, item_id=f"id{number}") for number, word in enumerate(["a", "b", "c"])]
    done = event("response.output_text.done", item_id="other", output_index=0, content_index=0, text="abc")
    assert ok(CREATED, *streams, done, completed(id="resp_2")).text == "abc"


def test_event_names_that_are_missing() -> None:
    answer = ok(
        event("response.created", named=False, response={"id": "r"}),
        event("response.output_text.delta", named=False, output_index=0, content_index=0, delta="a"),
        event("response.completed", named=False, response=response()),
        b"data: [DONE]\n\n",
    )
    assert (answer.text, answer.finish) == ("a", "stop")


def test_types_that_are_missing_are_taken_from_the_names() -> None:
    answer = ok(
        b'event: response.output_text.delta\ndata: {"output_index":0,"content_index":0,"delta":"a"}\n\n',
        b'event: response.completed\ndata: {"response":{"status":"completed"}}\n\n',
    )
    assert (answer.text, answer.finish) == ("a", "stop")


def test_a_name_that_contradicts_the_type_does_not_count() -> None:
    odd = text("a").replace(b"event: response.output_text.delta", b"event: response.failed")
    assert ok(odd, COMPLETED).text == "a"


@pytest.mark.parametrize(
    "unknown",
    [
        event("response.something.new", delta="no", output_index=0),
        event("keepalive", sequence_number=3),
        event("response.web_search_call.searching", output_index=0),
        event("response.function_call_arguments.delta", delta='{"a'),
        event("response.audio.delta", delta="x"),
        b": comment\n\n",
        b"event: ping\ndata:\n\n",
        b"data: {}\n\n",
        b'data: {"type":7}\n\n',
    ],
)
def test_unknown_types_are_ignored(unknown: bytes) -> None:
    assert ok(CREATED, unknown, text("a"), unknown, COMPLETED).text == "a"


@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n", text("b")[:-20], b'event: response.completed\ndata: {"ty'])
def test_only_a_terminal_event_makes_a_success(end: bytes) -> None:
    answer = failed(ProviderFailure, CREATED, text("kept"), end)
    assert answer.text == "kept"
    assert "broke" in str(answer.failure)


def test_a_terminal_event_that_lacks_its_blank_line_counts() -> None:
    assert ok(text("a"), COMPLETED[:-2]).finish == "stop"


def test_a_break_after_the_terminal_event_is_a_success() -> None:
    assert cuts.read(made, [text("a"), COMPLETED], "reset").failure is None


def test_deltas_after_done_and_after_the_end_are_repetitions() -> None:
    done = event("response.output_text.done", output_index=0, content_index=0, text="ab")
    answer = ok(text("a"), text("b"), done, text("b"), text("c", 0, 1), COMPLETED, text("never"), COMPLETED)
    assert answer.text == "abc"


def test_a_passage_of_which_only_the_end_comes() -> None:
    done = event("response.output_text.done", output_index=0, content_index=0, text="all of it")
    thought = event("response.reasoning_summary_text.done", output_index=0, summary_index=0, text="hm")
    raw = event("response.reasoning_text.done", output_index=0, content_index=0, text="raw")
    answer = ok(thought, thought, raw, raw, done, done, completed(output=[message("all of it")]))
    assert (answer.reasoning, answer.text) == ("hm\n\nraw", "all of it")


def test_an_answer_of_which_only_the_terminal_event_comes() -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    note = annotation("https://a", 1, 3)
    answer = ok(CREATED, completed(output=[thought, message("Hello", annotations=[note])]))
    assert (answer.reasoning, answer.text, answer.finish) == ("hm", "Hello", "stop")
    assert answer.citations == (Citation("T", "https://a", "", 1, 1, 3),)


def test_reasoning_in_the_models_own_words() -> None:
    assert ok(reasoning("Let "), reasoning("me"), text("a"), COMPLETED).reasoning == "Let me"


def test_parts_of_a_summary_are_paragraphs() -> None:
    answer = ok(summary("one"), summary(" two", 0), summary("three", 1), summary("four", 0, 2), text("a", 3), COMPLETED)
    assert answer.reasoning == "one two\n\nthree\n\nfour"
    assert answer.deltas[0] == ReasoningPiece("one")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"error": {"type": "server_error", "code": "server_error", "message": "secret words", "param": None}},
        {"error": {"type": "server_error", "code": None, "message": "secret words"}},
        {"error": "secret words"},
        {"code": "server_error", "message": "secret words", "param": None, "sequence_number": 2},
        {"code": None, "message": "secret words"},
    ],
)
def test_errors_nested_and_flat_and_failed_after_them(fields: Any, named: bool) -> None:
    gone = event("response.failed", named=named, response=response("failed", error={"code": "x", "message": "later"}))
    answer = failed(ProviderFailure, CREATED, text("kept"), event("error", named=named, **fields), gone, COMPLETED)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert answer.failure.recoverable
    assert "secret words" in (answer.failure.detail or "")
    assert "secret words" not in answer.failure.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "rate_limit_exceeded", "message": "slow down"}, RateLimited),
        ({"code": "context_length_exceeded", "message": "too long"}, ContextTooLong),
        ({"code": "content_filter", "message": "no"}, ContentFiltered),
        ({"code": "insufficient_quota", "message": "pay"}, ProviderFailure),
        ({"code": "server_error", "message": "oh"}, ProviderFailure),
        (None, ProviderFailure),
    ],
)
def test_failed_responses_mean_what_they_say(error: Any, kind: type[MillraceError]) -> None:
    answer = failed(kind, CREATED, text("kept"), event("response.failed", response=response("failed", error=error)))
    assert (answer.text, answer.usage) == ("kept", Usage(9, 7, 5, 4))


def test_a_response_that_was_cancelled_elsewhere() -> None:
    failed(ProviderFailure, text("kept"), event("response.cancelled", response=response("cancelled")))


def test_an_error_object_without_a_type() -> None:
    failed(RateLimited, text("kept"), b'data: {"error":{"message":"x","code":429}}\n\n')


def test_an_error_that_is_no_json() -> None:
    answer = failed(ProviderFailure, text("kept"), b"event: error\ndata: secret words\n\n")
    assert answer.failure is not None
    assert "secret words" in (answer.failure.detail or "")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("max_output_tokens", "length"),
        ("max_messages", "length"),
        ("content_filter", "filtered"),
        ("steered", "stop"),
        (None, "length"),
    ],
)
def test_incomplete_reasons(reason: str | None, finish: str) -> None:
    details = None if reason is None else {"reason": reason}
    for status in ("incomplete", None):
        end = event("response.incomplete", response=response(status or "", incomplete_details=details))
        answer = ok(CREATED, text("a"), end)
        assert (answer.finish, answer.usage) == (finish, Usage(9, 7, 5, 4))


def test_a_refusal_is_shown_and_marked() -> None:
    refusal = [
        event("response.refusal.delta", output_index=0, content_index=0, delta=part) for part in ("I can", "not.")
    ]
    done = event("response.refusal.done", output_index=0, content_index=0, refusal="I cannot.")
    answer = ok(CREATED, *refusal, done, COMPLETED)
    assert (answer.text, answer.finish) == ("I cannot.", "filtered")
    whole = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}
    assert (ok(completed(output=[whole])).text, ok(completed(output=[whole])).finish) == ("No.", "filtered")


def test_function_calls() -> None:
    call = {"type": "function_call", "name": "f", "arguments": ""}
    assert ok(event("response.output_item.added", output_index=0, item=call), COMPLETED).finish == "tools"
    assert ok(completed(output=[call])).finish == "tools"


def test_citations_between_deltas() -> None:
    note = annotation("https://a", 0, 5)
    answer = ok(text("Hello"), annotated(note), text(" you"), annotated(annotation("https://b", 6, 9)), COMPLETED)
    assert answer.text == "Hello you"
    assert answer.citations == (Citation("T", "https://a", "", 1, 0, 5), Citation("T", "https://b", "", 2, 6, 9))


def test_citations_of_a_later_passage_are_counted_from_the_beginning_of_the_text() -> None:
    nested = {"type": "url_citation", "url_citation": annotation("https://b", 1, 2)}
    answer = ok(
        text("é🎈.", 1), annotated(annotation("https://a", 0, 2), 1), text("xyz", 2), annotated(nested, 2), COMPLETED
    )
    assert [(each.url, each.start, each.end) for each in answer.citations] == [("https://a", 0, 2), ("https://b", 4, 5)]


@pytest.mark.parametrize(
    "note",
    [
        {"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 3},
        {"type": "container_file_citation", "container_id": "c", "file_id": "f", "filename": "a"},
        {"type": "file_path", "file_id": "f", "index": 0},
        None,
        7,
        {"url_citation": 3},
    ],
)
def test_annotations_without_an_address_are_no_sources(note: Any) -> None:
    assert ok(text("a"), text("b", 1), annotated(note, 1), COMPLETED).citations == ()


@pytest.mark.parametrize(
    ("usage", "expected", "cost"),
    [
        (None, None, None),
        ({}, None, None),
        ({"input_tokens": 3}, Usage(3, 0), None),
        ({"input_tokens": 3, "output_tokens": 4, "cost": 0.5}, Usage(3, 4), 0.5),
        ({"input_tokens": 3, "output_tokens": 4, "cost": True}, Usage(3, 4), None),
        ({"input_tokens": "x", "output_tokens": -1}, None, None),
        ("x", None, None),
    ],
)
def test_usage(usage: Any, expected: Usage | None, cost: float | None) -> None:
    answer = ok(text("a"), completed(usage=usage))
    assert (answer.usage, answer.cost) == (expected, cost)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_whole_response_as_json(indent: int | None) -> None:
    thought = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
    whole = response(output=[thought, message("Hello"), {"type": "web_search_call"}])
    answer = ok(b" \r\n" + json.dumps(whole, indent=indent).encode())
    assert answer.deltas[:2] == [ReasoningPiece("hm"), TextPiece("Hello")]
    assert (answer.finish, answer.usage) == ("stop", Usage(9, 7, 5, 4))
    cut_short = response("incomplete", output=[message("Hel")], incomplete_details={"reason": "max_output_tokens"})
    assert ok(json.dumps(cut_short).encode()).finish == "length"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":{"message":"Rate limit","code":429}}', RateLimited),
        (json.dumps(response("failed", error={"code": "rate_limit_exceeded"})).encode(), RateLimited),
        (json.dumps(response("in_progress")).encode(), ProviderFailure),
        (b"{}", ProviderFailure),
        (b"[]", ProviderFailure),
        (b"{", ProviderFailure),
        (b"<html>login</html>", ProviderFailure),
        (b"", ProviderFailure),
    ],
)
def test_bodies_that_are_no_answer(body: bytes, kind: type[MillraceError]) -> None:
    failed(kind, body)


@pytest.mark.parametrize(
    "garbage", [b"data: {oops\n\n", b"data: 7\n\n", b"data: []\n\n", b"data: " + b"[" * 9999 + b"\n\n"]
)
def test_what_cannot_be_read_is_a_failure_not_a_hole(garbage: bytes) -> None:
    answer = failed(ProviderFailure, text("kept"), garbage, COMPLETED)
    assert (answer.text, "could not be read" in str(answer.failure)) == ("kept", True)


@pytest.mark.parametrize("value", [None, 7, [], {}, ""])
def test_leaves_of_a_wrong_type_say_nothing(value: Any) -> None:
    odd = [
        event("response.output_text.delta", output_index=0, content_index=0, delta=value),
        event("response.output_text.done", output_index=0, content_index=0, text=value),
        event("response.reasoning_text.delta", output_index=value, content_index=value, delta=value),
        event("response.output_text.delta", output_index=value, content_index=value, delta=""),
        event("response.created", response=value, sequence_number=value),
        event("response.output_item.added", item=value),
    ]
    assert ok(*odd, text("a", 1), COMPLETED).text == "a"


def test_emoji_separators_and_invalid_utf8() -> None:
    broken = text("x").replace(b'"x"', b'"a\xff\xe2\x82b"')
    assert ok(text("🎈e\u0301\u2028Ü"), broken, COMPLETED).text == "🎈e\u0301\u2028Üa\ufffd\ufffdb"


def numbered(*events: bytes) -> list[bytes]:
    return [
        part.replace(b'"type":', b'"sequence_number": %d, "type":' % number, 1) for number, part in enumerate(events)
    ]


@pytest.mark.parametrize("broken_at", range(1, 6))
def test_a_stream_that_is_taken_up_again_loses_and_doubles_nothing(broken_at: int) -> None:
    stream = numbered(event("response.queued", response={"id": "resp_9"}), text("a"), text("b"), text("c"), COMPLETED)
    decoder = ResponsesDecoder(Call("openai", "m"))
    out: list[Any] = []
    for part in SseDecoder().feed(b"".join(stream[:broken_at])):
        decoder.feed(part, out)
    assert (decoder.response_id, decoder.sequence) == ("resp_9", broken_at - 1)
    decoder.resume()
    for again in (0, broken_at):  # a server that replays all, and one that obeys
        for part in SseDecoder().feed(b"".join(stream[again:])):
            decoder.feed(part, out)
    assert "".join(delta.text for delta in out if isinstance(delta, TextPiece)) == "abc"
    assert decoder.done
