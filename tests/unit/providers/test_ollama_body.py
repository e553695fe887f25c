"""Ollama's stream, whole, line by line, byte by byte and in 7s, and what a body can be instead."""

import json
from typing import Any

import pytest
from tests.unit.providers.chunks import Answer, identity

from millrace.model.errors import ContextTooLong, MillraceError, ProviderFailure, RateLimited
from millrace.model.events import FinishReason, Usage
from millrace.model.generation import Finished, ReasoningPiece, TextPiece
from millrace.providers.failures import Call
from millrace.providers.ollama_body import OllamaBody


def line(message: Any = None, **more: Any) -> bytes:
    """One line."""
    said = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False, **more}
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def text(piece: Any) -> bytes:
    return line({"role": "assistant", "content": piece})


def think(piece: Any) -> bytes:
    return line({"role": "assistant", "content": "", "thinking": piece})


def end(reason: Any = "stop", content: str = "", **more: Any) -> bytes:
    counts = {"total_duration": 5, "prompt_eval_count": 3, "eval_count": 2}
    return line({"role": "assistant", "content": content}, done=True, done_reason=reason, **{**counts, **more})


def read(*pieces: bytes, cause: str = "", limit: int = 1 << 20) -> Answer:
    body = OllamaBody(Call("acme", "m"), limit)
    deltas = [delta for piece in pieces for delta in body.feed(piece)]
    deltas += body.close(cause)
    assert body.done
    assert body.whole == (body.failure is None)
    return Answer(deltas, body.failure)


def every_way(*lines: bytes) -> Answer:
    stream = b"".join(lines)
    whole = read(stream)
    assert identity(read(*lines)) == identity(whole)
    for size in (1, 7):
        assert identity(read(*(stream[i : i + size] for i in range(0, len(stream), size)))) == identity(whole)
    assert all(piece.text for piece in whole.deltas if isinstance(piece, TextPiece | ReasoningPiece))
    finished = [delta for delta in whole.deltas if isinstance(delta, Finished)]
    assert (len(finished) == 1) != (whole.failure is not None)
    return whole


def ok(*lines: bytes) -> Answer:
    answer = every_way(*lines)
    assert answer.failure is None
    assert isinstance(answer.deltas[-1], Finished)
    return answer


def failed(kind: type[MillraceError], *lines: bytes) -> Answer:
    answer = every_way(*lines)
    assert type(answer.failure) is kind
    return answer


def test_plain_stream() -> None:
    answer = ok(text("Hel"), text("lo"), end())
    assert [type(delta).__name__ for delta in answer.deltas] == ["TextPiece", "TextPiece", "UsageReported", "Finished"]
    assert (answer.text, answer.finish, answer.usage) == ("Hello", "stop", Usage(3, 2))


def test_thinking() -> None:
    answer = ok(think("hm"), think(", well"), text("Hi"), end())
    assert answer.deltas[:3] == [ReasoningPiece("hm"), ReasoningPiece(", well"), TextPiece("Hi")]


def test_thinking_in_the_text_of_models_that_are_not_known_to_think() -> None:
    answer = ok(*(text(piece) for piece in ("<th", "ink>\nhm", "\n</think>\n", "\nHi")), end())
    assert (answer.reasoning, answer.text) == ("hm", "Hi")
    assert ok(text("<th"), end()).text == "<th"


def test_text_in_the_last_line() -> None:
    assert ok(text("a"), end(content="b")).text == "ab"


@pytest.mark.parametrize(
    ("word", "reason"),
    [("stop", "stop"), ("length", "length"), ("load", "stop"), ("unload", "stop"), ("", "stop"), (None, "stop")],
)
def test_why_the_model_ended(word: Any, reason: FinishReason) -> None:
    assert ok(text("a"), end(word)).finish == reason


def test_tools_are_named_though_they_are_not_called() -> None:
    assert ok(line({"role": "assistant", "content": "", "tool_calls": [{"function": {}}]}), end()).finish == "tools"


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_eval_count": None}, Usage(0, 2)),
        ({"prompt_eval_count": None, "eval_count": None}, None),
        ({"eval_count": "x", "prompt_eval_count": True}, None),
    ],
)
def test_counts_may_be_missing(counts: dict[str, Any], usage: Usage | None) -> None:
    assert ok(text("a"), end(**counts)).usage == usage


@pytest.mark.parametrize(
    "odd", [line(), line({}), line({"content": None}), text(7), think([]), b"\n", b"{}\n", b" \r\n"]
)
def test_lines_without_text(odd: bytes) -> None:
    assert ok(odd, text("a"), odd, text("b"), end()).text == "ab"


def test_line_ends_marks_and_characters_cut_in_the_middle() -> None:
    stream = text("🎈e\u0301\u2028Ünï") + end()
    assert ok(b"\xef\xbb\xbf" + stream.replace(b"\n", b"\r\n")).text == "🎈e\u0301\u2028Ünï"
    assert ok(b'{"message":{"content":"a\xff\\ud83d"}}\n', end()).text == "a\ufffd\ufffd"


def test_a_last_line_without_its_end_is_read() -> None:
    assert ok(text("Hi"), end().rstrip()).text == "Hi"
    assert ok(end(content="Hi").rstrip()).text == "Hi"


@pytest.mark.parametrize(
    "lines", [[text("kept")], [text("kept"), end()[:-9]], [text("kept"), b"{"], [text("kept"), end()[:-9] + b"\n"]]
)
def test_a_stream_without_its_end_is_never_a_success(lines: list[bytes]) -> None:
    answer = failed(ProviderFailure, *lines)
    assert answer.text == "kept"
    assert answer.failure is not None
    assert answer.failure.recoverable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("an error was encountered while running the model", ProviderFailure),
        ("too many requests", RateLimited),
        ("input is too long: exceeds the context length", ContextTooLong),
        ({"message": "odd"}, ProviderFailure),
    ],
)
def test_an_error_line(error: Any, kind: type[MillraceError]) -> None:
    answer = failed(kind, text("kept"), json.dumps({"error": error}).encode() + b"\n", text("never"), end())
    assert answer.text == "kept"


def test_an_error_line_gives_what_was_held_back() -> None:
    assert failed(ProviderFailure, text("<thi"), b'{"error":"x"}\n').text == "<thi"


@pytest.mark.parametrize("broken", [b"{\n", b"hello\n", b"3\n", b'{"message":"x"}\n', b"[" * 90_000 + b"\n"])
def test_a_line_that_cannot_be_read_is_a_failure_not_a_hole(broken: bytes) -> None:
    answer = read(text("kept"), broken, text("never"), end())
    assert answer.text == "kept"
    assert answer.failure is not None
    assert "could not be read" in answer.failure.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty answer"),
        (b" \n\n", "empty answer"),
        (b"<!DOCTYPE html>\n<html>\nSign in\n</html>", "not a model API"),
        (b"no healthy upstream", "could not be read"),
        (b'{"message":{"content":"br\n' + end(), "could not be read"),
        (b'{"message":{"content":"br', "broke before the answer was complete"),
        (b'{\n "error": "model is gone"\n}\n', "could not answer just now"),
    ],
)
def test_what_a_body_can_be_instead(body: bytes, words: str) -> None:
    answer = failed(ProviderFailure, body)
    assert answer.failure is not None
    assert words in answer.failure.message


def test_a_whole_answer_over_several_lines() -> None:
    answer = ok(json.dumps(json.loads(end(content="Hi")), indent=2).encode())
    assert (answer.text, answer.usage) == ("Hi", Usage(3, 2))


def test_lines_over_the_limit() -> None:
    assert read(text("kept"), b"x" * 3000, limit=2000).text == "kept"
    for body in (b"x" * 3000, b"{\n" * 3000, b"{\n" + b"x" * 1999 + b"\n" + b"y" * 1999):
        answer = read(body, limit=2000)
        assert answer.failure is not None
        assert "more at once" in answer.failure.message


def test_what_broke_the_connection_is_told() -> None:
    answer = read(text("kept"), cause="reset")
    assert answer.failure is not None
    assert "reset" in (answer.failure.detail or "")
    body = OllamaBody(Call("acme"))
    body.fail(ProviderFailure("first"))
    body.fail(ProviderFailure("second"))
    assert body.failure is not None
    assert body.failure.message == "first"
    assert body.feed(end()) == []
