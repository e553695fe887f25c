"""A message that begins again, and an answer that continues a text: nothing is shown twice, nothing is lost."""

import pytest
from tests.unit.providers.messages import (
    ENDING,
    STOP,
    block,
    cite,
    close_block,
    every_way,
    failed,
    ok,
    open_block,
    start,
    stopping,
    text,
    think,
)

from millrace.model.errors import ProviderFailure
from millrace.model.events import Usage
from millrace.model.generation import TextPiece
from millrace.providers.anthropic_wire import ThinkingBlock


def test_a_message_that_starts_twice_before_it_says_anything() -> None:
    answer = ok(start(), start(), open_block(), text("Hi"), ENDING)
    assert (answer.text, answer.usage) == ("Hi", Usage(7, 9))


@pytest.mark.parametrize("first", [["Hel"], ["H", "el"], ["Hello"], [""]])
@pytest.mark.parametrize("second", [["Hello", " you"], ["H", "e", "l", "lo you"], ["Hello you"]])
def test_a_second_attempt_that_repeats_the_first_is_shown_once(first: list[str], second: list[str]) -> None:
    begun = [start(input_tokens=50), open_block(), *(text(piece) for piece in first)]
    answer = ok(*begun, start(input_tokens=8), open_block(), *(text(piece) for piece in second), ENDING)
    assert answer.text == "Hello you"
    assert answer.usage == Usage(8, 9)


def test_a_second_attempt_of_other_words_breaks_the_answer() -> None:
    answer = failed(ProviderFailure, start(), open_block(), text("Hello y"), start(), open_block(), text("Hi"), ENDING)
    assert answer.text == "Hello y"
    assert answer.failure is not None
    assert answer.failure.recoverable


def test_a_second_attempt_that_ends_before_the_first_did_breaks_the_answer() -> None:
    answer = failed(ProviderFailure, start(), open_block(), text("Hello you"), start(), block("Hello"), ENDING)
    assert answer.text == "Hello you"


def test_a_stop_reason_of_the_first_attempt_does_not_count_for_the_second() -> None:
    failed(ProviderFailure, start(), block("Hi"), stopping(), start(), block("Hi"), STOP)


def test_thinking_of_a_second_attempt() -> None:
    thinking = open_block(0, type="thinking", thinking="", signature="")
    again = [start(), thinking, think("hm, "), think("well"), close_block(), block("Hi", index=1), ENDING]
    answer, thoughts = every_way(start(), thinking, think("hm,"), *again)
    assert (answer.reasoning, answer.text) == ("hm, well", "Hi")
    assert thoughts == (ThinkingBlock("hm, well"),)
    other = ok(start(), thinking, think("so, "), *again)
    assert (other.reasoning, other.text) == ("so, hm, well", "Hi")


def test_citations_of_a_second_attempt_stand_where_its_text_stands() -> None:
    source = {"type": "web_search_result_location", "url": "https://a.example", "title": "A", "cited_text": "x"}
    parts = [block("Well, "), open_block(1), cite(source, 1), text("so")]
    answer = ok(start(), *parts, start(), *parts, text(" it is"), ENDING)
    assert answer.text == "Well, so it is"
    assert [(found.number, found.start, found.end) for found in answer.citations] == [(1, 6, 14)]


@pytest.mark.parametrize("pieces", [[" world"], [" ", "world"], ["world"], [" w", "orld"]])
def test_white_space_that_was_cut_off_the_prompt_is_not_shown_twice(pieces: list[str]) -> None:
    answer = ok(start(), block(*pieces), stopping(), STOP, trimmed=" ")
    assert answer.text == "world"


def test_other_white_space_than_was_cut_off_is_text() -> None:
    assert ok(start(), block("\n  x"), stopping(), STOP, trimmed="\n\n").text == "  x"
    assert ok(start(), block("\tx"), stopping(), STOP, trimmed=" ").text == "\tx"
    answer = ok(start(), open_block(), text("\n"), start(), block("\n\na", "b"), stopping(), STOP, trimmed="\n\n")
    assert [found for found in answer.deltas if isinstance(found, TextPiece)] == [TextPiece("a"), TextPiece("b")]
