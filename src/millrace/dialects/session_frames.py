"""The frames of the `session` dialect as types: flat objects told apart by `type`."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

# --- from the client -------------------------------------------------------------------------------


class SessionFrame(Struct, frozen=True):
    """Any frame of a client, before it is looked at closely."""

    type: str | UnsetType = UNSET


class SessionMessage(Struct, frozen=True):
    """A question. `api_keys` are the caller's own, by the provider's name, for this turn alone."""

    content: str
    provider: str | None = None
    model: str | None = None
    ultra_thinking: bool = False
    api_keys: dict[str, str] | None = None
    request_id: str | None = None

    def __repr__(self) -> str:
        """Without the keys: whoever prints a frame prints no secret."""
        return f"{type(self).__name__}(provider={self.provider!r}, model={self.model!r})"


# --- to the client -----------------------------------------------------------------------------------


class TurnFrame(Struct, frozen=True, gc=False, kw_only=True, tag_field="type"):
    """What every frame of a turn carries. `seq` is the entry's place in the turn's log."""

    timestamp: str
    turn_id: str
    seq: int


class Start(TurnFrame, frozen=True, kw_only=True, tag="start"):
    """The turn runs."""

    provider: str
    model: str
    session_id: str
    message_id: str
    user_message: str


class Chunk(TurnFrame, frozen=True, kw_only=True, tag="chunk"):
    """A piece of the answer. `merged` says how many pieces were joined; `chunk_id` is then the first one's."""

    content: str
    chunk_id: int
    merged: int | UnsetType = UNSET


class Thinking(TurnFrame, frozen=True, kw_only=True, tag="thinking"):
    """A piece of the model's own thinking."""

    content: str


class Complete(TurnFrame, frozen=True, kw_only=True, tag="complete"):
    """The answer is whole and stored, or it was stopped: then `finish_reason` is `cancelled`."""

    full_content: str
    provider: str
    model: str
    usage: dict[str, Any]
    finish_reason: str
    message_id: str
    digest: str


class Error(Struct, frozen=True, gc=False, kw_only=True, tag_field="type", tag="error"):
    """Something failed; the connection stays open. Of a turn where it has a `turn_id`."""

    timestamp: str
    message: str
    code: str
    recoverable: bool
    retry_after: float | UnsetType = UNSET
    turn_id: str | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    partial_content: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class Pong(Struct, frozen=True, gc=False, tag_field="type", tag="pong"):
    """The answer to a ping."""

    timestamp: str
