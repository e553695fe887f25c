import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.suggestions.titles import LONGEST, parse, prompt


@pytest.mark.parametrize(
    "reply",
    [
        "Photosynthesis in plants",
        "Photosynthesis in plants.",
        '"Photosynthesis in plants"',
        '"Photosynthesis in plants."',
        "\u201cPhotosynthesis in plants.\u201d",
        "\u00abPhotosynthesis in plants\u00bb",
        "Title: Photosynthesis in plants",
        "**Title:** Photosynthesis in plants",
        "**Title: Photosynthesis in plants**",
        'Title: "Photosynthesis in plants"',
        "Titel: Photosynthesis in plants",
        "The title could be: Photosynthesis in plants",
        "# Photosynthesis in plants",
        "**Photosynthesis in plants**",
        "*Photosynthesis in plants*",
        "`Photosynthesis in plants`",
        "- Photosynthesis in plants",
        "1. Photosynthesis in plants\n2. Light and sugar",
        "Sure! Here is a title:\n\nPhotosynthesis in plants",
        "Here's a title for the conversation:\n**Photosynthesis in plants**\n\nLet me know if you want another.",
        "<think>It is about plants.</think>Photosynthesis in plants",
        "\n\n  Photosynthesis   in plants \n",
        "```\nPhotosynthesis in plants\n```",
    ],
)
def test_replies_of_every_shape_give_the_title(reply: str) -> None:
    assert parse(reply) == "Photosynthesis in plants"


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ("\u6807\u9898\uff1a\u300a\u5149\u5408\u4f5c\u7528\u3002\u300b", "\u5149\u5408\u4f5c\u7528"),
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("C++: templates vs. macros", "C++: templates vs. macros"),
        ("Using `yield` in Python", "Using `yield` in Python"),
        ("snake_case and __init__", "snake_case and __init__"),
        ('"A" or "An"', '"A" or "An"'),
        ("Rock 'n' roll", "Rock 'n' roll"),
        ("Sorting a list 3.5 times faster", "Sorting a list 3.5 times faster"),
    ],
)
def test_what_belongs_to_a_title_stays(reply: str, title: str) -> None:
    assert parse(reply) == title


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " \n ",
        '""',
        "...",
        "---",
        "Title:",
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, I cannot do that",
        "As an AI language model, I cannot give titles.",
        "Unfortunately there is not enough to go on.",
        "None",
        "N/A",
        "Untitled",
        "New chat",
        "Es tut mir leid, das kann ich nicht.",
        "<think>hm, a title",
    ],
)
def test_a_refusal_or_nothing_is_none(reply: str) -> None:
    assert parse(reply) is None


def test_a_long_title_is_cut_after_a_word() -> None:
    title = parse("How the industrial revolution changed the lives of families in English towns and villages")
    assert title == "How the industrial revolution changed the lives of families\u2026"
    assert parse("x" * 200) == "x" * (LONGEST - 1) + "\u2026"


@given(st.text(st.characters(), max_size=300))
def test_no_reply_makes_it_fail(reply: str) -> None:
    title = parse(reply)
    assert title is None or (0 < len(title) <= LONGEST and "\n" not in title and title == title.strip())


@pytest.mark.parametrize("reply", ["title " * 50_000, "# " * 50_000, "`" * 100_000, "**a" * 50_000, "\u201c" * 100_000])
def test_hostile_replies_end_quickly(reply: str) -> None:
    title = parse(reply)
    assert title is None or len(title) <= LONGEST


def test_the_prompt_quotes_question_and_answer() -> None:
    system, user = prompt("What is photosynthesis?", "It makes sugar. " * 1_000)
    assert (system.role, user.role) == ("system", "user")
    assert "User: What is photosynthesis?" in user.content
    assert "Assistant: It makes sugar." in user.content
    assert len(user.content) < 3_000
    assert prompt("  ", "answer") == ()
    assert "Assistant" not in prompt("hello there", " ")[1].content
