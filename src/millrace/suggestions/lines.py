"""What a model's short reply says, without what models put around it. Pure."""

import re
import unicodedata

QUOTE_PAIRS = {
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "\u201d": "\u201d",
    "\u2018": "\u2019",
    "\u201a": "\u2018",
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
    "\u300a": "\u300b",
}
"""An opening quote and the one that closes it, as languages write them."""

READ_CHARS = 8_000
"""How much of a reply is read; it should have been a few lines."""

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|\*|~~)(?=\S)(.+?)(?<=\S)\1")
_UNDERLINED = re.compile(r"\A(__|_)(?=\S)(.*\s.*)(?<=\S)\1\Z")
"""Underscores within a line belong to names more often than they mean anything."""
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_REFERENCE = re.compile(r"\s*\[\d{1,3}\]")


def readable(reply: str) -> str:
    """The reply without thoughts written into it and without what is not text; cut at `READ_CHARS`."""
    kept = "".join(char for char in reply[:READ_CHARS] if char in "\n\t" or unicodedata.category(char)[0] != "C")
    return _THOUGHT.sub("", kept).strip()


def plain(line: str) -> str:
    """One line without Markdown, references and surrounding quotes, its blanks made single."""
    text = _REFERENCE.sub("", _LINK.sub(r"\1", line))
    text = _EMPHASIS.sub(r"\2", " ".join(text.split()))
    return unquoted(_UNDERLINED.sub(r"\2", text))


def unquoted(text: str) -> str:
    """`text` without the quotes around the whole of it."""
    while len(text) > 1 and QUOTE_PAIRS.get(text[0]) == text[-1] and _one_quotation(text):
        text = text[1:-1].strip()
    return text


def _one_quotation(text: str) -> bool:
    """Whether the first quote is closed by the last, not before: not `"A" or "B"`."""
    return text[-1] not in text[1:-1] or text[0] == text[-1] == "'"
