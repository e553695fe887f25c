import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.knowledge.passages import MAX_WORDS, CutPassage, cut

WORDS = st.lists(st.sampled_from(["alpha", "beta", "Gamma", "delta."]), min_size=1, max_size=60).map(" ".join)
BLOCKS = st.lists(
    st.one_of(
        WORDS,
        st.integers(1, 4).map(lambda level: "#" * level + f" Heading {level}"),
        st.lists(WORDS, min_size=1, max_size=6).map(lambda items: "\n".join(f"- {item}" for item in items)),
        st.lists(WORDS, min_size=1, max_size=6).map(lambda lines: "\n".join(["```sh", *lines, "```"])),
    ),
    max_size=25,
)


def test_a_passage_stays_under_its_headings() -> None:
    text = "before\n\n# A\n\nfirst\n\n## B\n\nsecond\n\nthird\n\n# C\n\nfourth"
    assert cut(text) == [
        CutPassage((), "before"),
        CutPassage(("A",), "first"),
        CutPassage(("A", "B"), "second\n\nthird"),
        CutPassage(("C",), "fourth"),
    ]


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraph = " ".join(["word"] * 60)
    passages = cut("# A\n\n" + "\n\n".join([paragraph] * 10))
    assert [len(passage.text.split()) for passage in passages] == [180, 180, 180, 60]


def test_a_very_long_paragraph_is_cut_between_sentences() -> None:
    sentence = " ".join(["Word"] * 19) + " End."
    passages = cut(" ".join([sentence] * 50))
    assert all(80 <= len(passage.text.split()) <= MAX_WORDS for passage in passages)
    assert all(passage.text.endswith("End.") for passage in passages)


def test_code_is_whole_and_stays_with_what_introduces_it() -> None:
    introduction = " ".join(["word"] * 150) + ":"
    code = "```sh\n" + "\n".join(["make run # and more words of a comment"] * 20) + "\n```"
    (passage,) = cut(f"{introduction}\n\n{code}")
    assert passage.text == f"{introduction}\n\n{code}"


def test_parts_of_a_long_table_have_its_header() -> None:
    rows = [f"| name {number} | {' '.join(['word'] * 20)} |" for number in range(30)]
    passages = cut("\n".join(["| a | b |", "|---|---|", *rows]))
    assert len(passages) > 1
    assert all(passage.text.startswith("| a | b |\n|---|---|\n") for passage in passages)
    assert [line for passage in passages for line in passage.text.split("\n")[2:]] == rows


@pytest.mark.parametrize("text", ["x" * 100_000, "```\n" + "x" * 100_000 + "\n```", "- " + "x" * 100_000])
def test_no_passage_is_long_whatever_the_text(text: str) -> None:
    passages = cut(text)
    assert max(len(passage.text) for passage in passages) < 4100
    assert sum(passage.text.count("x") for passage in passages) == 100_000


def test_headings_alone_are_still_found() -> None:
    assert cut("# Only\n\n## Headings") == [CutPassage((), "Only\n\nHeadings")]
    assert cut("") == []


@given(BLOCKS)
def test_no_word_outside_headings_is_lost_or_doubled(blocks: list[str]) -> None:
    body = [block for block in blocks if not block.startswith("#")]
    cut_text = "\n\n".join(passage.text for passage in cut("\n\n".join(blocks)))
    if body:
        assert re.findall(r"[a-zA-Z]+", cut_text) == re.findall(r"[a-zA-Z]+", "\n\n".join(body))
