"""What the dialect `study` sends, as types: over server-sent events, over Socket.IO, and as stored messages."""

from msgspec import UNSET, Struct, UnsetType

# --- sources -----------------------------------------------------------------------------------------


class StudyCitation(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """A source of the answer; `number` is that of its marks in the text, in order of first use."""

    number: int
    document_id: str
    title: str
    text: str
    page_number: int | UnsetType = UNSET
    href: str | UnsetType = UNSET


class ChunkReference(Struct, frozen=True, gc=False, rename="camel"):
    """The part of a document that a citation is taken from; `display_number` is the citation's."""

    chunk_id: str
    document_id: str
    display_number: int
    page_number: int | UnsetType = UNSET


class StudyQuotation(Struct, frozen=True, gc=False):
    """What the answer gives as a quotation, and whether it stands in what was retrieved, word for word."""

    text: str
    verified: bool


# --- server-sent events ------------------------------------------------------------------------------


class Token(Struct, frozen=True, gc=False, tag_field="type", tag="token"):
    """A piece of the answer."""

    content: str


class Done(Struct, frozen=True, gc=False, rename="camel", tag_field="type", tag="done"):
    """The answer is whole and stored, or was `cancelled` by somebody who stopped it."""

    citations: tuple[StudyCitation, ...]
    chunk_references: tuple[ChunkReference, ...]
    session_id: str
    message_id: str
    digest: str
    quotations: tuple[StudyQuotation, ...] | UnsetType = UNSET
    cancelled: str | UnsetType = UNSET


class Failure(Struct, frozen=True, gc=False, rename="camel", tag_field="type", tag="error"):
    """Something failed. `answer` is what is stored of an answer that is over."""

    message: str
    code: str
    recoverable: bool
    retry_after: float | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET


# --- Socket.IO ---------------------------------------------------------------------------------------


class StreamToken(Struct, frozen=True, gc=False, rename="camel"):
    """The data of `chat-stream-token`.

    `index` counts the pieces before it, `merged` those that it holds where they are more than one. Who comes back to an
    answer waits for the piece whose index is next, and takes no other.
    """

    session_id: str
    token: str
    turn_id: str
    seq: int
    index: int
    merged: int | UnsetType = UNSET


class StreamComplete(Struct, frozen=True, gc=False, rename="camel"):
    """The data of `chat-stream-complete`."""

    session_id: str
    citations: tuple[StudyCitation, ...]
    chunk_references: tuple[ChunkReference, ...]
    turn_id: str
    seq: int
    message_id: str
    digest: str
    quotations: tuple[StudyQuotation, ...] | UnsetType = UNSET
    cancelled: str | UnsetType = UNSET


class StreamError(Struct, frozen=True, gc=False, rename="camel"):
    """The data of `chat-stream-error`. `answer` is what is stored of an answer that is over."""

    session_id: str | None
    error: str
    code: str
    recoverable: bool
    retry_after: float | UnsetType = UNSET
    turn_id: str | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET
