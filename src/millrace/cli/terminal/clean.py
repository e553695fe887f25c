"""Text from elsewhere, made safe for a terminal."""

import re

# Escape sequences could move the cursor, rename the window or answer in the user's name; a model or whoever it quotes
# can write them. Without their first character they are harmless letters.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]|\r\n?")


def clean(text: str) -> str:
    """Without control characters, except line feeds and tabs; lone surrogates are replaced."""
    safe = _CONTROL.sub(lambda found: "\n" if found[0] == "\r\n" else "", text)
    return safe.encode("utf-8", "replace").decode()


def one_line(text: str) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())
