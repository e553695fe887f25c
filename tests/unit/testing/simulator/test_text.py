"""The texts: the same for the same seed, the shorter a beginning of the longer, and of the kinds they claim to be."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.testing.simulator.behaviour import TextKind
from millrace.testing.simulator.text import Library, count_tokens, make_token, tokenize

KINDS = [kind for kind in TextKind if kind is not TextKind.ECHO]

# SHA-256 (first 16 digits) of the first 2,000 tokens with seed 1: other programs rely on these texts.
PINNED = {
    TextKind.PROSE: "eb68c8526a710f79",
    TextKind.MARKDOWN: "33a14c417a38f29f",
    TextKind.CODE: "a3a71ffa4b6e54ef",
    TextKind.EMOJI: "839562c94fa46c32",
    TextKind.MIXED: "8b6cee07d157e5c9",
    TextKind.PLACES: "bbb554028f2f2452",
}


def text(kind: TextKind, seed: int = 1, count: int = 2000) -> str:
    return "".join(token.text for token in Library().text(kind, seed, count))


@pytest.mark.parametrize("kind", KINDS)
def test_the_texts_never_change(kind: TextKind) -> None:
    assert hashlib.sha256(text(kind).encode()).hexdigest()[:16] == PINNED[kind]


@given(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.integers(0, 400), st.integers(0, 400))
def test_the_shorter_text_begins_the_longer(kind: TextKind, seed: int, one: int, other: int) -> None:
    short, long = sorted((one, other))
    library = Library()
    tokens = library.text(kind, seed, long)
    assert len(tokens) == long
    assert Library().text(kind, seed, short) == tokens[:short] == library.text(kind, seed, short)


@given(st.text())
def test_tokens_joined_are_the_text(whole: str) -> None:
    tokens = tokenize(whole)
    assert "".join(token.text for token in tokens) == whole
    assert all(token.text for token in tokens)
    assert [json.loads(token.json) for token in tokens] == [token.text for token in tokens]
    assert count_tokens(whole) == len(tokens)


def test_seeds_differ() -> None:
    assert len({text(TextKind.PROSE, seed, 50) for seed in range(20)}) == 20


def test_long_words_and_joined_emoji_fall_apart() -> None:
    assert [token.text for token in tokenize("Meanwhile, 12345 👩‍💻")] == [
        "Meanwhil", "e", ",", " 123", "45", " 👩", "\u200d", "💻",
    ]  # fmt: skip


def test_a_token_is_json_in_utf8() -> None:
    assert make_token('a"\n✅').json == '"a\\"\\n✅"'.encode()


def test_each_kind_is_what_it_says() -> None:
    markdown = text(TextKind.MARKDOWN)
    assert all(mark in markdown for mark in ("\n# ", "\n- ", "\n1. **", "| :--- |", "\n> ", "](https://", "\n```"))
    code = text(TextKind.CODE)
    assert all(mark in code for mark in ("```python\n", "```typescript\n", "~~~", "    return", "\n```\n"))
    assert all(mark in text(TextKind.EMOJI) for mark in ("👩‍💻", "🇫🇷", "水車", "é"))
    assert text(TextKind.PROSE).isascii()
    mixed = text(TextKind.MIXED)
    assert "```" in mixed
    assert not mixed.isascii()


def test_each_place_has_a_word_of_its_own() -> None:
    assert text(TextKind.PLACES, seed=27, count=3) == "abbaaaa abbaaab abbaaac"
    words = [word for seed in range(3) for word in text(TextKind.PLACES, seed).split()]
    assert len(set(words)) == len(words) == 6000


def test_a_full_library_makes_its_sources_anew() -> None:
    library = Library(capacity=1)
    first = library.text(TextKind.PROSE, 1, 30)
    library.text(TextKind.PROSE, 2, 30)
    assert library.text(TextKind.PROSE, 1, 40)[:30] == first


def test_reasoning_is_a_text_of_its_own() -> None:
    library = Library()
    assert library.reasoning(1, 10) != library.text(TextKind.PROSE, 1, 10)
    assert library.reasoning(1, 10) == library.reasoning(1, 20)[:10]
