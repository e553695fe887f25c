"""What is said in the dialect `tokens`, as types: the same over an event stream and over Socket.IO.

An event stream says turn and `seq` in the `id` of each record; Socket.IO has no ids, so there they are fields.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from millrace.dialects.reading import ID_CHARS

Id = Annotated[str, Meta(max_length=ID_CHARS)]

# --- from the client -------------------------------------------------------------------------------


class Question(Struct, frozen=True):
    """Ask. `partial` is whether each token comes with all of the text so far; up to a limit where it is not said.

    Ours: `request_id` makes it idempotent for 24 hours.
    """

    message: str
    session_id: Id | None = None
    model: Id | None = None
    partial: bool | None = None
    request_id: Id | None = None


class Stop(Struct, frozen=True):
    """Stop the session's running turn; ours: a turn by its id."""

    session_id: Id | None = None
    turn_id: Id | None = None


class Resume(Struct, frozen=True):
    """Ours: send what follows `after_seq` of a turn, or of the one that runs in a session, then follow live."""

    session_id: Id | None = None
    turn_id: Id | None = None
    after_seq: Annotated[int, Meta(ge=-1, le=2**53 - 1)] = -1


# --- to the client -----------------------------------------------------------------------------------


class Said(Struct, frozen=True, gc=False, kw_only=True):
    """Where it was said, over Socket.IO."""

    seq: int | UnsetType = UNSET


class Token(Said, frozen=True, kw_only=True):
    """A piece of the answer; `count` is how many there are with it, `partial` the text up to its end."""

    token: str
    count: int
    partial: str | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    turn_id: str | UnsetType = UNSET


class Complete(Said, frozen=True, kw_only=True):
    """The answer is over and stored: whole, or `cancelled` by somebody who stopped it.

    `duration` is in seconds. Ours: the turn, the digest of the text (SHA-256) and what was used.
    """

    done: bool | UnsetType = UNSET
    tokens: int
    duration: float
    tokens_per_second: float
    session_id: str
    message_id: str
    turn_id: str
    digest: str
    usage: dict[str, Any]
    cancelled: str | UnsetType = UNSET


class Failure(Said, frozen=True, kw_only=True):
    """The answer failed, or what was sent was refused. `answer` is what is stored of an answer that is over."""

    error: str
    code: str
    recoverable: bool
    retry_after: float | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    message_id: str | UnsetType = UNSET
    turn_id: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    digest: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET
