"""Cuts a text that is there as a whole into pieces to read, as models that stream do. Pure."""

import re

_PIECE = re.compile(r"\s*\S{1,24}|\s+")


def pieces(text: str) -> list[str]:
    """A word each, with the white space before it; joined they are the text."""
    return _PIECE.findall(text)
