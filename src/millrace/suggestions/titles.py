"""Titles of sessions: what a model is asked, and what is made of its reply. Pure."""

import re

from millrace.model.generation import PromptMessage
from millrace.suggestions.excerpt import shortened
from millrace.suggestions.lines import plain, readable

LONGEST = 60
"""In characters; longer titles are cut after a word."""

_INSTRUCTION = """\
Give the conversation that the user message quotes a title: two to six words that say what it is about, in the \
language of the conversation, without quotes and without a full stop. Reply with the title alone."""

_MARK = re.compile(r"\A(?:#+|[-*+>\u2022]|\d{1,2}[.)])\s+")
_LABEL = re.compile(
    r"\A(?:(?:the |a |suggested |session |chat |conversation )*title(?: (?:is|could be|might be))?"
    r"|titel|titre|t[i\u00ed]tulo|titolo|tytu\u0142|\u6807\u9898|\u6a19\u984c|\u30bf\u30a4\u30c8\u30eb|\uc81c\ubaa9)\s*[:\uff1a]\s*",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"(?:sure|certainly|of course|okay|ok|here(?:'s| is| are| you)|absolutely|great)\b.*[:!.]$|.*:$", re.IGNORECASE
)
_REFUSAL = re.compile(
    r"(?:i'?m sorry|sorry|i am sorry|i apologi[sz]e|unfortunately"
    r"|i (?:can'?t|cannot|can not|won'?t|am unable|do not|don'?t)"
    r"|as an ai|there is no|no title|not enough|the conversation (?:is|has|does)|please provide"
    r"|n/?a$|none$|null$|untitled|new (?:chat|conversation|session)$|(?:es )?tut mir leid|d\u00e9sol\u00e9|lo siento)",
    re.IGNORECASE,
)
_FULL_STOPS = ".\u3002\uff0e"
_LOOSE_END = " ,;:-\u2013\u2014\u2026/&+("
_ELLIPSIS = "\u2026"


def prompt(question: str, answer: str) -> tuple[PromptMessage, ...]:
    """What to ask the model, after the first answer; empty where nothing was asked.

    Args:
        question: The session's first message.
        answer: Its answer, or what there is of it.
    """
    if not question.strip():
        return ()
    quoted = f"User: {shortened(question)}"
    if answer.strip():
        quoted += f"\n\nAssistant: {shortened(answer)}"
    return PromptMessage("system", _INSTRUCTION), PromptMessage("user", f"<conversation>\n{quoted}\n</conversation>")


def parse(reply: str) -> str | None:
    """The title in a model's reply, at most `LONGEST` characters; none where it gave none, or declined."""
    lines = (line.strip().replace("\u2019", "'") for line in readable(reply).splitlines())
    for line in lines:
        title = _title_of(line)
        if title:
            return None if _REFUSAL.match(title) else cut(title)
    return None


def cut(title: str) -> str:
    """`title` in at most `LONGEST` characters, cut after a word where there is one, with an ellipsis."""
    if len(title) <= LONGEST:
        return title
    room = title[:LONGEST]
    words = room[: room.rfind(" ")] if " " in room[LONGEST // 3 :] else room[:-1]
    return words.rstrip(_LOOSE_END + _FULL_STOPS) + _ELLIPSIS


def _title_of(line: str) -> str:
    """The title on a line; empty where it has none: a fence, a rule, words before the title."""
    if line.startswith(("```", "~~~")):
        return ""
    text = plain(_MARK.sub("", line, count=1))
    labelled = plain(_LABEL.sub("", text, count=1))
    if labelled == text and _CHATTER.match(text):
        return ""
    if not labelled.endswith("..."):
        labelled = labelled.rstrip(_FULL_STOPS)
    title = plain(labelled)
    return title if any(char.isalnum() for char in title) else ""
