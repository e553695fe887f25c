"""What a client learns while it asks: immutable values, for whoever shows them."""

from typing import Any

from msgspec import Struct

from millrace.model.events import ReasoningKind
from millrace.model.messages import MessageStatus


class Problem(Struct, frozen=True):
    """Why something did not work, in a sentence that says what to do. `retry_after` is in seconds."""

    code: str
    message: str
    recoverable: bool = True
    retry_after: float | None = None


class Began(Struct, frozen=True):
    """The turn runs; `model` is the one that was resolved, as `provider/model`."""

    session_id: str
    message_id: str
    turn_id: str
    model: str
    question: str


class Thought(Struct, frozen=True):
    """A step of reasoning; `confidence` is 0.0 to 1.0, or none where none was stated."""

    kind: ReasoningKind
    content: str
    confidence: float | None = None


class ThoughtOver(Struct, frozen=True):
    """The model has thought, for so many milliseconds; text follows."""

    duration_ms: int
    steps: int


class Piece(Struct, frozen=True):
    """Text that follows what was there."""

    text: str


class Ended(Struct, frozen=True, kw_only=True):
    """The turn is over and stored.

    Attributes:
        text: The whole answer, or what there is of it.
        metadata: As `chat_complete` carries it; empty where nothing is known.
        problem: Why it failed; only where `status` is `failed`.
        mended: The pieces did not amount to the text that the server has: `text` was fetched again.
    """

    status: MessageStatus
    session_id: str
    message_id: str
    text: str
    metadata: dict[str, Any] = {}
    problem: Problem | None = None
    mended: bool = False


class Refused(Struct, frozen=True):
    """The turn did not begin, or the server does not know it any more: nothing will follow."""

    problem: Problem


Notice = Began | Thought | ThoughtOver | Piece | Ended | Refused
