"""The digest by which a client proves that it has the whole text."""

import hashlib


def text_digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, as 64 lower-case hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
