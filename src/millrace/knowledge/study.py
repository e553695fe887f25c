"""How a question about one's own documents is answered: which of four ways, what is looked for, what the model is told.

The choice reads the question and the conversation, by words alone. Where nothing speaks for another way, it is the
general one.
"""

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from millrace.model.commands import Lookup
from millrace.model.generation import PromptMessage

RouteName = Literal["general_qa", "follow_up", "quote_finding", "generate_study_guide"]


class Route(Struct, frozen=True):
    """One way of answering: how many passages at most, how freely the model writes, what it is told."""

    name: RouteName
    breadth: int
    temperature: float
    instruction: str


_ONLY = (
    "You answer from the learner's own documents. Use the numbered passages below and nothing else; mark each statement"
    " with the number of its passage in square brackets, like [1]. If there are no passages below, or they do not hold"
    " the answer, say so plainly, and do not answer from elsewhere."
)
GENERAL_QA = Route("general_qa", 6, 0.3, _ONLY)
FOLLOW_UP = Route(
    "follow_up",
    6,
    0.3,
    f"{_ONLY}\n\nThe question goes on from the conversation before it: read it so, and answer what is asked now.",
)
QUOTE_FINDING = Route(
    "quote_finding",
    12,
    0.0,
    f"{_ONLY}\n\nThe learner looks for quotations. Give each word for word as it stands in its passage, in quotation "
    "marks, with the number of the passage behind it. Change nothing in a quotation and make none up.",
)
STUDY_GUIDE = Route(
    "generate_study_guide",
    20,
    0.4,
    f"{_ONLY}\n\nWrite a study guide in Markdown: the key ideas under headings, the terms and what they mean, what"
    " depends on what, and at the end a few questions by which the learner can test themselves, with short answers.",
)
ROUTES = (GENERAL_QA, FOLLOW_UP, QUOTE_FINDING, STUDY_GUIDE)

_GUIDE = re.compile(
    r"\b(?:study[ -](?:guide|sheet|notes|plan)|cheat[ -]?sheet|revision (?:guide|notes|sheet)|flash ?cards?|exam prep"
    r"|(?:summari[sz]e|outline|overview of) (?:the|this|my|all|each|every) (?:\w+ )?"
    r"(?:document|text|chapter|lecture|course|note|class|material)(?:s|es)?)\b",
    re.IGNORECASE,
)
_SAYS = r"(?:say|says|said|state|states|written|mentioned)"
_QUOTE = re.compile(
    r"\b(?:quot(?:e|es|ation|ations|ing)|exact (?:words?|wording|phrase|passage|sentence|text)|verbatim|word for word"
    rf"|where (?:does|do|is|are) (?:\w+ ){{1,4}}?{_SAYS}"
    r"|which (?:page|sentence|passage|paragraph) (?:says?|mentions?|states?))\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"^\W*(?:why(?: not)?\W*$|(?:and|but|so|also|how so|what about|how about|then|which one|what else|go on|continue"
    r"|more|can you (?:explain|elaborate|expand|clarify|give|show)|explain (?:that|this|it|more)|elaborate|tell me more"
    r"|for example|such as|really|are you sure)\b)",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|their|he|him|his|she|her"
    r"|the (?:same|former|latter)|the (?:first|second|third|last) one|above|earlier|previous(?:ly)?"
    r"|you (?:said|mentioned|wrote))\b",
    re.IGNORECASE,
)
_SHORT_WORDS = 12
_EARLIER_QUESTIONS = 2
_QUERY_CHARACTERS = 2000


def choose_route(question: str, history: Sequence[PromptMessage]) -> Route:
    """The way to answer a question, after what was said before (oldest first).

    A wish for a guide or for quotations counts wherever it is said. A question is a follow-up only where there is
    something to follow: where it begins as one, or is short and points back.
    """
    if _GUIDE.search(question):
        return STUDY_GUIDE
    if _QUOTE.search(question):
        return QUOTE_FINDING
    asked_before = any(message.role == "user" for message in history)
    short = len(question.split()) <= _SHORT_WORDS
    if asked_before and (_GOES_ON.search(question) or (short and _POINTS_BACK.search(question))):
        return FOLLOW_UP
    return GENERAL_QA


def standing_alone(question: str, history: Sequence[PromptMessage]) -> str:
    """A follow-up as it can be looked for by itself: behind the questions that it goes on from."""
    asked = [message.content for message in history if message.role == "user"][-_EARLIER_QUESTIONS:]
    room = max(0, _QUERY_CHARACTERS - len(question))
    earlier = "\n".join(asked)
    return f"{earlier[-room:]}\n{question}" if earlier and room else question


def plan(question: str, history: Sequence[PromptMessage]) -> tuple[Route, Lookup]:
    """The way to answer a question, and what is looked for and told for it."""
    route = choose_route(question, history)
    query = standing_alone(question, history) if route is FOLLOW_UP else ""
    return route, Lookup(query=query, limit=route.breadth, own=True, instruction=route.instruction)
