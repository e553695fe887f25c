"""Values become rows and come back; text is repaired, ids are not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from millrace.model.errors import InvalidRequest
from millrace.stores.rows import TITLE_LENGTH, address, clean, derive_title, key

ANY_TEXT = st.text(st.characters(codec=None))


@given(ANY_TEXT)
@example("\ud83d\ude00")
@example("\ude00\ud83d")
def test_clean_text_can_be_stored_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    cleaned.encode()
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_text_that_can_be_stored_is_not_touched(text: str) -> None:
    assert clean(text) == text
    assert key(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udfffx", "\ufffdx"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),  # the two halves of one character, as JavaScript may send them
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_what_clean_replaces(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    with pytest.raises(InvalidRequest):
        key(text)


@given(ANY_TEXT)
def test_a_title_is_one_short_line(text: str) -> None:
    title = derive_title(text)
    assert len(title) <= TITLE_LENGTH
    assert len(title.splitlines()) <= 1
    assert title == title.strip()
    assert bool(title) == bool(clean(text).strip())
    assert title in " ".join(clean(text).split())


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("### Energy\n\nWhat is it?", "Energy"),
        ("> - quoted\nand?", "quoted"),
        ("```python\nprint(1)\n```\nWhy?", "print(1)"),
        ("C# or a - b * c", "C# or a - b * c"),
        ("#hashtag", "#hashtag"),
        ("1. First of all", "1. First of all"),
        ("```", "```"),
        ("-\n#\nWhy?", "Why?"),
    ],
)
def test_what_markdown_puts_before_a_line_is_no_part_of_a_title(text: str, title: str) -> None:
    assert derive_title(text) == title


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=TITLE_LENGTH), min_size=1))
def test_a_title_is_cut_between_words_and_only_where_it_must(words: list[str]) -> None:
    title = derive_title(" ".join(words)).split(" ")
    assert title == words[: len(title)]
    if len(title) < len(words):
        assert len(" ".join(words[: len(title) + 1])) > TITLE_LENGTH


def test_addresses_are_compared_without_case_and_surrounding_space() -> None:
    assert address("  Carol@STRASSE.example ") == address("carol@strasse.example") == address("CAROL@Straße.example")
