"""A text is cut into words, and joined again it is the text."""

from hypothesis import given
from hypothesis import strategies as st

from millrace.text.pieces import pieces


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert all(cut)


def test_words_keep_the_space_before_them() -> None:
    assert pieces("Two words,\n\nthen more. ") == ["Two", " words,", "\n\nthen", " more.", " "]
    assert [len(piece) for piece in pieces("x" * 60)] == [24, 24, 12]
