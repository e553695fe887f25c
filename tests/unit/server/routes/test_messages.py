import pytest

from millrace.server.routes.messages import is_reaction


@pytest.mark.parametrize(
    "name",
    ["like", "thumbs_up", "a", "0", "-", "a" * 32, "👍", "👍🏽", "❤️", "❤", "👩‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "#️⃣", "☕"],
)
def test_words_and_emoji_are_reactions(name: str) -> None:
    assert is_reaction(name)


@pytest.mark.parametrize(
    "name",
    ["", "Like", "a b", "a" * 33, "é", "<b>", "👍" * 17, "👍like", "\u200d", "\ufe0f", "🏽", "1", "../x", "12️⃣", "a\n"],
)
def test_anything_else_is_none(name: str) -> None:
    assert is_reaction(name) == (name == "1")
