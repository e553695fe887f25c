from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.dialects.study_marks import Marks


def shown(text: str, numbers: range = range(1, 7)) -> str:
    marks = Marks(numbers)
    return marks.feed(text) + marks.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First [3], then [1], again [3].", "First [1], then [2], again [1]."),
        ("Both [2, 5] and [5][2].", "Both [1][2] and [2][1]."),
        ("Twice [2, 2].", "Twice [1]."),
        ("Nobody [9] said [3, 9].", "Nobody  said [1]."),
        ("A link [3](https://example.org).", "A link [3](https://example.org)."),
        ("At the end [3]", "At the end [1]"),
        ("Open [3", "Open [3"),
        ("A year [2024], a box - [ ], a list [,].", "A year [2024], a box - [ ], a list [,]."),
        ("`a[3]` is code, ``b`[3]`` too, this [3] is not.", "`a[3]` is code, ``b`[3]`` too, this [1] is not."),
        ("```python\nx = a[3]\n```\nSo [3].", "```python\nx = a[3]\n```\nSo [1]."),
        ("```\n`a[3]\n```\n", "```\n`a[3]\n```\n"),
        ("It`s stray\nbut [3] counts.", "It`s stray\nbut [1] counts."),
        ("☀ [3]☀", "☀ [1]☀"),
    ],
)
def test_marks_are_numbered_in_the_order_of_their_first_use(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_where_there_are_no_passages_nothing_is_a_mark() -> None:
    assert shown("So [1] and `[2]", range(0)) == "So [1] and `[2]"


def test_every_mark_that_is_left_has_its_passage() -> None:
    marks = Marks([2, 4, 6])
    marks.feed("[6][1][2, 3] ")
    assert marks.shown == {6: 1, 2: 2}


TEXTS = st.text(alphabet=st.sampled_from("[]123, `\n(ax☀"), max_size=60)


@given(TEXTS, st.lists(st.integers(0, 60), max_size=12))
def test_any_cut_gives_the_same(text: str, cuts: list[int]) -> None:
    marks = Marks(range(1, 4))
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(edges)]
    assert "".join(map(marks.feed, pieces)) + marks.finish() == shown(text, range(1, 4))


@given(TEXTS)
def test_little_is_held_back(text: str) -> None:
    marks = Marks([1])
    said = "".join(marks.feed(letter) for letter in text)
    rest = marks.finish()
    assert len(rest) <= 26 or set(rest) == {"`"}
    assert said + rest == shown(text, range(1, 2))
