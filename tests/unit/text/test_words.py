from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.text.words import STOP_WORDS, Stemmer, query_words, words


def test_words_are_lower_case_without_accents_and_cut_at_punctuation() -> None:
    assert words("Set OPENAI_API_KEY at the Café, 9000!") == [
        "set",
        "openai",
        "api",
        "key",
        "at",
        "the",
        "cafe",
        "9000",
    ]


def test_a_query_keeps_what_says_something_in_order_and_once() -> None:
    assert query_words("How do I change the port? The PORT!") == ["change", "port"]
    assert query_words("how do I do it") == []
    assert len(query_words(" ".join(f"word{n}" for n in range(100)))) == 24


@pytest.mark.parametrize(
    ("one", "other"), [("running", "runs"), ("stored", "storing"), ("benchmarks", "benchmark"), ("stopped", "stop")]
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    stemmer = Stemmer()
    assert stemmer.stem(one) == stemmer.stem(other)


def test_words_that_people_use_for_each_other_are_related() -> None:
    stemmer = Stemmer()
    assert "run" in stemmer.related("start")
    assert "start" in stemmer.related("launching")
    assert "start" not in stemmer.related("started")
    assert stemmer.related("zebra") == []


@given(st.text(max_size=200))
def test_any_text_has_words_that_are_found_again(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found
    assert not set(query_words(text)) & STOP_WORDS


def test_threads_share_a_stemmer() -> None:
    stemmer = Stemmer()
    vocabulary = [
        f"{stem}{ending}" for stem in ("run", "bak", "stopp", "connect") for ending in ("ing", "ed", "er", "s")
    ]
    many = [f"{word}{chr(97 + n % 26)}{chr(97 + n // 26)}ing" for word in vocabulary for n in range(100)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: [stemmer.stem(word) for word in many], range(4)))
    alone = [Stemmer().stem(word) for word in many[:50]]
    assert all(each == found[0] for each in found)
    assert found[0][:50] == alone
