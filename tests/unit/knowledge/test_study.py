import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.knowledge.study import (
    FOLLOW_UP,
    GENERAL_QA,
    QUOTE_FINDING,
    ROUTES,
    STUDY_GUIDE,
    Route,
    choose_route,
    plan,
    standing_alone,
)
from millrace.model.generation import PromptMessage

SAID = (PromptMessage("user", "What is osmosis?"), PromptMessage("assistant", "Water through a membrane [1]."))


@pytest.mark.parametrize(
    ("question", "route"),
    [
        ("What is osmosis?", GENERAL_QA),
        ("Why do cells burst in fresh water?", GENERAL_QA),
        ("Make me a study guide for chapter 3", STUDY_GUIDE),
        ("Summarize the lecture notes", STUDY_GUIDE),
        ("Can I have flash cards?", STUDY_GUIDE),
        ("Find me quotes about fate in Macbeth", QUOTE_FINDING),
        ("What are the exact words of the definition?", QUOTE_FINDING),
        ("Where does the text say that water moves?", QUOTE_FINDING),
        ("Which page mentions osmosis?", QUOTE_FINDING),
        ("", GENERAL_QA),
    ],
)
def test_a_first_question(question: str, route: Route) -> None:
    assert choose_route(question, ()) is route


@pytest.mark.parametrize(
    ("question", "route"),
    [
        ("Why?", FOLLOW_UP),
        ("And in plants?", FOLLOW_UP),
        ("What about animals?", FOLLOW_UP),
        ("How is it measured?", FOLLOW_UP),
        ("Can you explain more?", FOLLOW_UP),
        ("Name the stages of mitosis.", GENERAL_QA),
        ("Quote the sentence that says so", QUOTE_FINDING),
        ("Now write a study guide on that", STUDY_GUIDE),
    ],
)
def test_a_question_in_a_conversation(question: str, route: Route) -> None:
    assert choose_route(question, SAID) is route


def test_a_follow_up_is_looked_for_with_what_it_goes_on_from() -> None:
    route, lookup = plan("And in plants?", SAID)
    assert route is FOLLOW_UP
    assert lookup.query == "What is osmosis?\nAnd in plants?"
    assert (lookup.own, lookup.limit, lookup.instruction) == (True, FOLLOW_UP.breadth, FOLLOW_UP.instruction)
    assert plan("What is osmosis?", ())[1].query == ""


def test_each_route_has_a_breadth_an_instruction_and_a_temperature_of_its_own_kind() -> None:
    assert len({route.instruction for route in ROUTES}) == 4
    assert STUDY_GUIDE.breadth > QUOTE_FINDING.breadth > GENERAL_QA.breadth
    assert QUOTE_FINDING.temperature == 0


@given(st.text(max_size=3000), st.lists(st.text(max_size=3000), max_size=5))
def test_any_text_has_a_route_and_a_query_of_bounded_length(question: str, asked: list[str]) -> None:
    history = [PromptMessage("user", text) for text in asked]
    assert choose_route(question, history) in ROUTES
    assert len(standing_alone(question, history)) <= max(2001, len(question) + 1)
