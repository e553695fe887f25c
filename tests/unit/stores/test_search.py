"""Queries become expressions in which only our own operators are operators."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.stores.search import MAX_WORDS, expression, split


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE message_search USING fts5(owner, content, tokenize='unicode61 remove_diacritics 2')"
        )
        rows = [
            ("u" + b"ada".hex(), "walrus"),
            ("u" + b"bob".hex(), "zebra walrus"),
            ("u" + b"ada".hex(), "Crème brûlée"),
        ]
        connection.executemany("INSERT INTO message_search VALUES (?, ?)", rows)
        yield connection


def found(index: sqlite3.Connection, query: str) -> list[str]:
    match = expression("sqlite", "ada", query)
    if match is None:
        return []
    return [row[0] for row in index.execute("SELECT content FROM message_search WHERE message_search MATCH ?", [match])]


@given(
    query=st.text(st.characters(codec=None)) | st.text(st.sampled_from("walrus zebra\"*^:(){}+-,\\'ANDORNOTNEAR \0"))
)
def test_whatever_is_typed_is_valid_and_stays_with_its_owner(index: sqlite3.Connection, query: str) -> None:
    assert "zebra walrus" not in found(index, query)


@given(query=st.text(st.characters(codec=None), max_size=20), user_id=st.text(max_size=20))
def test_any_user_id_makes_a_valid_expression(index: sqlite3.Connection, query: str, user_id: str) -> None:
    match = expression("sqlite", user_id, query)
    if match is not None:
        index.execute("SELECT 1 FROM message_search WHERE message_search MATCH ?", [match]).fetchall()


def test_case_and_accents_do_not_matter(index: sqlite3.Connection) -> None:
    for query in ("creme brulee", "CRÈME brû", "cre\u0300me", "brulée crème"):
        assert found(index, query) == ["Crème brûlée"]


def test_words_stand_between_spaces_and_hold_a_letter_or_digit() -> None:
    assert split("  one\ttwo !!! ?\n3 e\u0301t '' 象") == ["one", "two", "3", "ét", "象"]
    assert len(split("word " * 1_000)) == MAX_WORDS


@pytest.mark.parametrize(
    ("query", "fts5", "tsquery"),
    [
        ("one two", 'content : ("one" AND "two" *)', "'one' & 'two':*"),
        ("one t", 'content : ("one" AND "t")', "'one' & 't'"),
        ("象", 'content : ("象" *)', "'象':*"),
        ('sa"id', 'content : ("sa""id" *)', "'sa\"id':*"),
        ("it's a\\b", 'content : ("it\'s" AND "a\\b" *)', "'it''s' & 'a\\\\b':*"),
    ],
)
def test_expressions(query: str, fts5: str, tsquery: str) -> None:
    assert expression("sqlite", "ada", query) == f'owner : "u616461" AND {fts5}'
    assert expression("postgresql", "ada", query) == tsquery
