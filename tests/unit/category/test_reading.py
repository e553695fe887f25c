import pytest

from millrace.category.reading import CAMEL_CASE, LINE_END, NO_SUBJECT, YEAR, written_out
from millrace.text.features import MAX_CHARS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17% of 240 apples", "00% of 000 apples"),
        ("causes of 1848", f"causes of {YEAR}"),
        ("port 8080", "port 000"),
        ("year 2001, value 3000", f"year {YEAR}, value 000"),
        ("let fooBar", f"let foo {CAMEL_CASE} Bar"),
        ("a poem\nabout rain", f"a poem {LINE_END} about rain"),
    ],
)
def test_numbers_humps_and_lines_are_marked(text: str, expected: str) -> None:
    assert written_out(text) == expected


@pytest.mark.parametrize("text", ["why?", "What is it?", "and then", "???", "12", ""])
def test_a_text_without_a_word_of_its_own_is_marked(text: str) -> None:
    assert written_out(text).endswith(f" {NO_SUBJECT}")


def test_a_long_text_is_cut() -> None:
    assert len(written_out("ab " * 100_000)) <= MAX_CHARS + 2
