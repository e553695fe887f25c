"""Follow-up questions: what a model is asked, and what is made of its reply. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from millrace.model.events import Passage
from millrace.model.generation import PromptMessage
from millrace.suggestions.excerpt import excerpt
from millrace.suggestions.lines import QUOTE_PAIRS, plain, readable
from millrace.suggestions.sameness import Asked

MOST = 3
"""How many questions are suggested at most."""
LONGEST = 140
"""In characters; what is longer is no question to click on."""
SHORTEST = 6

_HEADING_STEP = " > "
"""Stands between the headings in a passage's title."""
_NEAR = 0.5
_FIRST_DENSE = 0x2E80
_CLOSING = "".join(QUOTE_PAIRS.values())

_INSTRUCTION = """\
Suggest the three questions that the user is most likely to ask next in the conversation that the user message quotes.
Write them as the user would, in the language of the user's last message, each under 12 words, each answerable without \
further information, none already asked or answered.
Reply with the three questions alone, one per line: no numbers, no quotes, no other text."""

_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_MARK = re.compile(
    r"\A\s*(?:[-*+\u2022\u2023\u25e6\u2013\u2014>#]+\s+|[(\[]?\d{1,2}[.):\]\u3001\uff0e](?!\d)\s*|[(\[]?[a-cA-C][.)\]]\s+)+"
)
_LABEL = re.compile(
    r"\A(?:(?:follow[- ]?up )?(?:question|frage|pregunta|domanda|pergunta|vraag)|q)(?: ?\d{1,2})?\s*[:.)]\s*",
    re.IGNORECASE,
)
_ASKS = ("?", "\uff1f", "\u061f", "\u037e", "\u055e")
"""What ends a question: Latin and most others, full width, Arabic, Greek, Armenian."""
_ENDS = re.compile(
    r"[?\u061f\u037e\u055e]+[\"'\u201d\u2019\u00bb)]*(?=\s|$)|[?\uff1f]*\uff1f[?\uff1f]*[\u300d\u300f\u201d]*"
)
_QUESTION_WORD = re.compile(r"(?:how|why|what|when|where|who|which)\b(?! not\b)", re.IGNORECASE)
_KEY = re.compile(r"\A[{\s]*\"\w+\"\s*:\s*")
_BEFORE = re.compile(r"\A.*[!:]\s+(?=\S)")
"""A model's words before a question that stands on the same line."""


def prompt(conversation: Sequence[PromptMessage]) -> tuple[PromptMessage, ...]:
    """What to ask the model; empty where there is no conversation.

    The conversation stands inside one user message, so that the model writes about it instead of going on with it.

    Args:
        conversation: Oldest first, the answer last; the answer may be unfinished.
    """
    quoted = excerpt(conversation)
    if not quoted:
        return ()
    return PromptMessage("system", _INSTRUCTION), PromptMessage("user", f"<conversation>\n{quoted}\n</conversation>")


def parse(reply: str, conversation: Sequence[PromptMessage] = ()) -> tuple[str, ...]:
    """The questions in a model's reply, at most `MOST`, in its order; empty where there are none.

    Reads lists of every kind, JSON, and questions between other text, in any language. What somebody asked in the
    conversation already, in these words or nearly, is left out, and so is what another suggestion asks.
    """
    text = readable(reply)
    found = _from_json(text)
    return chosen(_from_lines(text) if found is None else found, conversation)


def from_headings(passages: Sequence[Passage], conversation: Sequence[PromptMessage] = ()) -> tuple[str, ...]:
    """Questions about what retrieval found beside the best passage, where no model can be asked.

    A passage's title is the path of headings above it; the last one says what the passage is about. In English.

    Args:
        passages: Best first. The best one was answered from, so its heading is not asked for; one that fits the
            question half as well or less leads elsewhere.
        conversation: What was asked already.
    """
    near = [passage for passage in passages if passage.score >= _NEAR * passages[0].score]
    headings = [plain(passage.title.rsplit(_HEADING_STEP, 1)[-1]).rstrip(".:") for passage in near]
    fresh = dict.fromkeys(heading for heading in headings[1:] if heading and heading != headings[0])
    return chosen([_about(heading) for heading in fresh], conversation)


def chosen(candidates: Iterator[str] | Sequence[str], conversation: Sequence[PromptMessage] = ()) -> tuple[str, ...]:
    """The first `MOST` of the candidates that fit and ask something new."""
    asked = Asked(message.content for message in conversation if message.role == "user")
    kept: list[str] = []
    for question in candidates:
        if _fits(question) and asked.adds(question):
            kept.append(question)
        if len(kept) == MOST:
            break
    return tuple(kept)


def _from_json(text: str) -> list[str] | None:
    """The questions of a JSON reply, wherever in the text it stands; none where there is no JSON."""
    for opening, closing in ("[]", "{}"):
        start, end = text.find(opening), text.rfind(closing)
        if 0 <= start < end:
            try:
                value = msgspec.json.decode(text[start : end + 1])
            except (msgspec.DecodeError, RecursionError):
                continue
            found = [question for each in _strings(value) if (question := _question_of(each))]
            if found:
                return found
    return None


def _strings(value: Any) -> Iterator[str]:
    """The texts in a JSON value, in order. Keys are no texts."""
    waiting = [value]
    while waiting:
        first = waiting.pop()
        if isinstance(first, str):
            yield first
        elif isinstance(first, list):
            waiting += reversed(first)
        elif isinstance(first, dict):
            waiting += reversed(first.values())


def _from_lines(text: str) -> Iterator[str]:
    for line in _FENCE.sub("", text).splitlines():
        if question := _question_of(line.strip().rstrip(",")):
            yield question


def _question_of(line: str) -> str:
    """The question on a line, without its number, label and quotes; empty where there is none.

    Words before a question ("Sure! Here you go: ...") are no part of it, words after it end it.
    """
    text = _MARK.sub("", _KEY.sub("", line, count=1), count=1)
    text = plain(_LABEL.sub("", plain(text), count=1))
    end = _ENDS.search(text)
    if end is None:
        return ""
    question = text[: end.end()]
    before = _BEFORE.match(question)
    if before and not question[before.end()].islower():
        question = question[before.end() :]
    question = plain(question)
    return question if question.endswith(_ASKS) else question.rstrip(_CLOSING)


def _fits(question: str) -> bool:
    """Whether it is of a length to click on. Chinese, Japanese and Korean say as much in fewer characters."""
    shortest = SHORTEST if any(ord(char) < _FIRST_DENSE for char in question if char.isalpha()) else SHORTEST // 2
    return shortest <= len(question) <= LONGEST and any(char.isalpha() for char in question)


def _about(heading: str) -> str:
    if heading.endswith(_ASKS):
        return heading
    if _QUESTION_WORD.match(heading):
        return f"{heading}?"
    return f"What do the sources say about \u201c{heading}\u201d?"
