import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model.events import Passage
from millrace.model.generation import PromptMessage
from millrace.suggestions.followups import LONGEST, MOST, from_headings, parse, prompt

THREE = ("How do plants store sugar?", "Why are leaves green?", "What is chlorophyll?")
CONVERSATION = (
    PromptMessage("system", "Be brief."),
    PromptMessage("user", "What is photosynthesis?"),
    PromptMessage("assistant", "Plants make sugar out of light, water and air."),
)


@pytest.mark.parametrize(
    "reply",
    [
        "How do plants store sugar?\nWhy are leaves green?\nWhat is chlorophyll?",
        "1. How do plants store sugar?\n2. Why are leaves green?\n3. What is chlorophyll?",
        "1) How do plants store sugar?\n\n2) Why are leaves green?\n\n3) What is chlorophyll?",
        "- How do plants store sugar?\n* Why are leaves green?\n• What is chlorophyll?",
        "a) How do plants store sugar?\nb) Why are leaves green?\nc) What is chlorophyll?",
        '"How do plants store sugar?"\n“Why are leaves green?”\n\u00abWhat is chlorophyll?\u00bb',
        '- "How do plants store sugar?",\n- "Why are leaves green?",\n- "What is chlorophyll?"',
        "1. **How do plants store sugar?**\n2. *Why are leaves green?*\n3. `What is chlorophyll?`",
        "Q1: How do plants store sugar?\nQ2: Why are leaves green?\nQ3: What is chlorophyll?",
        "Question 1: How do plants store sugar?\nQuestion 2: Why are leaves green?\n"
        "**Question 3:** What is chlorophyll?",
        "Sure! Here are three questions:\n\n1. How do plants store sugar?\n2. Why are leaves green?\n"
        "3. What is chlorophyll?\n\nLet me know which one you like.",
        "Of course! How do plants store sugar?\nWhy are leaves green? (about colour)\nWhat is chlorophyll? [1]",
        '["How do plants store sugar?", "Why are leaves green?", "What is chlorophyll?"]',
        '{"questions": ["How do plants store sugar?", "Why are leaves green?", "What is chlorophyll?"]}',
        '```json\n[{"question": "How do plants store sugar?"}, {"question": "Why are leaves green?"}, '
        '{"question": "What is chlorophyll?"}]\n```',
        'Here you are: {"q1": "How do plants store sugar?", "q2": "Why are leaves green?", '
        '"q3": "What is chlorophyll?"} Enjoy!',
        '[\n  "How do plants store sugar?",\n  "Why are leaves green?",\n  "What is chlorophyll?"\n',
        '{\n"question": "How do plants store sugar?",\n"next": "Why are leaves green?",\n'
        '"last": "What is chlorophyll?"\n',
        "<think>They may ask: what is light? Or not?</think>\nHow do plants store sugar?\nWhy are leaves green?\n"
        "What is chlorophyll?",
        "> How do plants store sugar?\r\n> Why are leaves green?\r\n> What is chlorophyll?\r\n",
        "### How do plants store sugar?\n### Why are leaves green?\n### What is chlorophyll?",
    ],
)
def test_replies_of_every_shape_give_the_questions(reply: str) -> None:
    assert parse(reply, CONVERSATION) == THREE


@pytest.mark.parametrize(
    ("reply", "questions"),
    [
        ("1. Wie speichern Pflanzen Zucker?\n2. Warum sind Blätter grün?", 2),
        ("\u00bfCómo guardan el azúcar?\n\u00bfPor qué son verdes las hojas?", 2),
        (
            "「植物はどう成長しますか\uff1f」\nなぜ葉は緑ですか\uff1f",
            2,
        ),
        ("1、什么是叶绿素\uff1f2、", 1),
        (
            "كيف تخزن النباتات السكر؟",
            1,
        ),
        (
            "Почему листья зелёные?",
            1,
        ),
    ],
)
def test_questions_of_many_languages_are_read(reply: str, questions: int) -> None:
    assert len(parse(reply, CONVERSATION)) == questions


def test_words_in_a_spanish_question_keep_their_opening_mark() -> None:
    assert parse("1. \u00bfPor qué son verdes las hojas?") == ("\u00bfPor qué son verdes las hojas?",)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   \n\n",
        "I'm sorry, I can't help with that.",
        "No questions.",
        "[]",
        "{}",
        "null",
        "???",
        "1. ?\n2. ?",
        "<think>What could they ask?",
        "What",
        "How would " + "x" * LONGEST + "?",
    ],
)
def test_where_there_is_no_question_there_is_none(reply: str) -> None:
    assert parse(reply) == ()


@pytest.mark.parametrize(
    "asked",
    ["What is photosynthesis?", "what's photosynthesis?", "What exactly is photosynthesis?"],
)
def test_what_was_asked_is_not_suggested(asked: str) -> None:
    assert parse(f"{asked}\nWhy are leaves green?", (PromptMessage("user", "what is photosynthesis"),)) == (
        "Why are leaves green?",
    )


def test_two_suggestions_never_ask_the_same() -> None:
    reply = "Why are leaves green?\nWhy are the leaves green?\nWHY ARE LEAVES GREEN?\nWhat is chlorophyll?"
    assert parse(reply) == ("Why are leaves green?", "What is chlorophyll?")


def test_there_are_never_more_than_three() -> None:
    reply = "\n".join(f"What is {word}?" for word in ("chlorophyll", "osmosis", "gravity", "inertia", "entropy"))
    assert parse(reply) == ("What is chlorophyll?", "What is osmosis?", "What is gravity?")


def test_an_unfinished_last_question_is_left_out() -> None:
    assert parse("Why are leaves green?\nWhat is chlor") == ("Why are leaves green?",)


@given(st.text(st.characters(), max_size=600))
def test_no_reply_makes_it_fail(reply: str) -> None:
    found = parse(reply, CONVERSATION)
    assert len(found) <= MOST
    assert all(len(question) <= LONGEST and "\n" not in question for question in found)


@pytest.mark.parametrize(
    "reply", ["[" * 100_000, '{"a":' * 50_000, "?" * 100_000, "a? " * 50_000, "**" * 50_000, ": " * 50_000]
)
def test_hostile_replies_end_quickly(reply: str) -> None:
    assert len(parse(reply)) <= MOST


def test_the_prompt_quotes_the_end_of_the_conversation_inside_one_message() -> None:
    long = PromptMessage("assistant", "begin " + "x" * 5_000 + " end")
    system, user = prompt((*CONVERSATION, PromptMessage("user", "And at night?"), long))
    assert (system.role, user.role) == ("system", "user")
    assert "User: And at night?" in user.content
    assert "begin" in user.content
    assert "end" in user.content
    assert "Be brief." not in user.content
    assert len(user.content) < 5_000


def test_without_a_conversation_there_is_no_prompt() -> None:
    assert prompt(()) == ()
    assert prompt((PromptMessage("system", "Be brief."), PromptMessage("user", "  "))) == ()


def passage(number: int, title: str, score: float = 0.5) -> Passage:
    return Passage(number, title, "text", score)


def test_headings_beside_the_best_passage_become_questions() -> None:
    passages = [
        passage(1, "Guide > Starting"),
        passage(2, "Guide > Starting"),
        passage(3, "Guide > How to stop it"),
        passage(4, "Guide > Your own texts."),
        passage(5, "FAQ > Can I use my own model?"),
        passage(6, "Guide > Settings"),
    ]
    assert from_headings(passages) == (
        "How to stop it?",
        "What do the sources say about “Your own texts”?",
        "Can I use my own model?",
    )


def test_a_passage_that_hardly_fits_leads_elsewhere() -> None:
    passages = [passage(1, "Mills"), passage(2, "Rivers", 0.25), passage(3, "Dentists", 0.24)]
    assert from_headings(passages) == ("What do the sources say about “Rivers”?",)


def test_headings_that_were_asked_for_or_are_missing_give_nothing() -> None:
    asked = (PromptMessage("user", "Can I use my own model?"),)
    assert from_headings([passage(1, "Guide"), passage(2, "FAQ > Can I use my own model?")], asked) == ()
    assert from_headings([passage(1, "Guide")]) == ()
    assert from_headings([]) == ()
