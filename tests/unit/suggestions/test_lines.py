import pytest

from millrace.suggestions.lines import READ_CHARS, plain, readable, unquoted


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("**bold** and *slanted*", "bold and slanted"),
        ("a [link](https://example.org) here", "a link here"),
        ("said so [1][2]", "said so"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("_all of it_", "all of it"),
        ("snake_case and __init__", "snake_case and __init__"),
        ("  much   space ", "much space"),
    ],
)
def test_markdown_is_taken_off_a_line(line: str, expected: str) -> None:
    assert plain(line) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [('"A"', "A"), ("\u201e\u2018A\u2019\u201c", "A"), ('"A" or "B"', '"A" or "B"'), ('"', '"'), ("", "")],
)
def test_quotes_around_the_whole_are_taken_off(text: str, expected: str) -> None:
    assert unquoted(text) == expected


def test_thoughts_and_control_characters_are_not_read() -> None:
    assert readable("<think>a\nb</think>\x00Yes\u200b") == "Yes"
    assert readable("<Thinking>never closed") == ""
    assert len(readable("x" * 50_000)) == READ_CHARS
