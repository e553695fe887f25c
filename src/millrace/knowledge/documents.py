"""Texts that answers may come from: what they are, who may have which, and how large they may be."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from millrace.model.errors import InvalidRequest, MessageTooLong

BUILTIN = "builtin"
"""The owner of Millrace's own documentation."""

SHARED = "shared"
"""The owner of texts that the operator gave to all users of a server."""

HEADING_STEP = " > "
"""Stands between the title and the headings in a passage's title."""

_TITLE_CHARACTERS = 200


class Document(Struct, frozen=True):
    """A text with a title. `url` is where it can be read, where it has such a place."""

    id: str
    title: str
    text: str
    url: str = ""


class DocumentInfo(Struct, frozen=True):
    """What is known of a kept text. `created_at` is in Unix milliseconds (UTC).

    `shared` is true where the operator gave it to all users; then only the operator can remove it.
    """

    id: str
    title: str
    characters: int
    passages: int
    created_at: int
    shared: bool = False


class DocumentLimits(Struct, frozen=True):
    """How much a user may add: bytes of one text in UTF-8, and how many texts."""

    text_bytes: int = 1024 * 1024
    per_user: int = 100


class Documents(Protocol):
    """The texts that users added. A user sees their own and the shared ones, and changes only their own.

    Where `user_id` is none, it is the operator who asks, and speaks of the shared ones.
    """

    @property
    def limits(self) -> DocumentLimits:
        """How much a user may add."""

    async def add_document(
        self, user_id: str | None, title: str, text: str, *, document_id: str | None = None
    ) -> DocumentInfo:
        """Keep a text and make it searchable; it is found as soon as this returns, and not before.

        `document_id` is a new id, where the caller wants to know it beforehand.

        Raises:
            InvalidRequest: It is empty or is not text.
            MessageTooLong: It is larger than `limits.text_bytes`.
            QuotaExceeded: The user has `limits.per_user` texts already.
            StoreUnavailable: The index does not answer.
        """

    async def documents(self, user_id: str | None) -> Sequence[DocumentInfo]:
        """The texts that the user can ask about, newest first, without Millrace's own documentation."""

    async def document(self, user_id: str | None, document_id: str) -> Document:
        """One text to read: the user's, a shared one, or one of Millrace's own.

        Raises:
            NotFound: It does not exist or is another user's.
        """

    async def remove_document(self, user_id: str | None, document_id: str) -> None:
        """Forget one of the user's own texts; it is not found any more once this returns.

        Raises:
            NotFound: It does not exist or is not the user's.
        """


def owner_of(user_id: str | None) -> str:
    """How a user's documents are marked, so that no user's id can be taken for another owner."""
    return SHARED if user_id is None else f"user:{user_id}"


def checked_text(text: str, limits: DocumentLimits) -> str:
    """The text as it is kept: without a byte order mark, with plain line ends.

    Raises:
        InvalidRequest: It is empty or is not text.
        MessageTooLong: It is larger than `limits.text_bytes`.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidRequest("The text is not valid Unicode. Save it as UTF-8 and add it again.") from error
    if size > limits.text_bytes:
        raise MessageTooLong(
            f"The text has {size} bytes and this server keeps at most {limits.text_bytes}. Split it and add the parts."
        )
    if "\0" in text:
        raise InvalidRequest("This is not a text. Add plain text or Markdown.")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InvalidRequest("The text is empty. Add one with some words in it.")
    return text


def checked_title(title: str, text: str) -> str:
    """The title on one line; where none is given, the text's first line that has words.

    Raises:
        InvalidRequest: It is not valid Unicode.
    """
    for line in (title, *text.split("\n", 50)[:50]):
        words = " ".join(line.replace("\0", " ").split()).lstrip("#> -*=").strip()
        if words:
            break
    else:
        words = "Untitled"
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("The title is not valid Unicode. Write it in plain characters.") from error
    return words if len(words) <= _TITLE_CHARACTERS else words[: _TITLE_CHARACTERS - 1].rstrip() + "…"
