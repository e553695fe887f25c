"""What clients ask of the engine: the commands every dialect decodes to."""

from typing import Any, Literal

from msgspec import Raw, Struct

from millrace.model.events import ThinkingMode
from millrace.model.generation import PromptMessage

ThinkingChoice = Literal["system1", "system2", "auto"]


class ThinkingDecision(Struct, frozen=True):
    """Whether a question is thought about first, and why that was chosen, in words for people."""

    mode: ThinkingMode
    reason: str


class Lookup(Struct, frozen=True):
    """How passages are looked for, and what is made of them, where a protocol has its own way.

    `query` stands for the message, `limit` is how many passages there are at most, `own` leaves Millrace's
    documentation out. The `instruction` tells the model what to do with them.
    """

    query: str = ""
    limit: int = 6
    own: bool = False
    instruction: str = ""


class TurnContext(Struct, frozen=True):
    """What a request says about its circumstances. `difficulty` is 0.0 to 1.0. No client gives a `lookup`."""

    subject: str | None = None
    difficulty: float | None = None
    enable_rag: bool = False
    document_ids: tuple[str, ...] = ()
    extra: dict[str, Any] | None = None
    lookup: Lookup | None = None


class StartTurn(Struct, frozen=True, kw_only=True):
    """Answer `message`. Without `session_id` a session is created.

    `request_id` makes it idempotent for 24 hours per user. `regenerate` names an answer of the session of
    which a new version is wanted; `message` is then ignored. `session_name` stands in place of `session_id` where a
    protocol lets clients name conversations themselves: it is the same session of that user each time, begun with the
    first message.

    `history` is what was said before, instructions included, where the caller tells it: the session's own messages are
    then not looked at. With `keep_history` it is kept too, without the instructions, where the session is new.
    `max_tokens` and `temperature` are wishes; the server's own limit holds. Without `suggestions` nobody thinks of
    follow-up questions. `stop_unwatched` stops the turn as soon as its last watcher goes away: in some
    protocols that is how a client stops it. Without `estimate_emotion` nobody looks at how the writer feels.
    `origin` is the protocol that asked, where that matters later; with `to_rooms` the answer goes to all of the user's
    clients that listen in rooms.

    An `ephemeral` turn leaves nothing behind but what it used; nor does the log of one with `brief_log` outlive it by
    more than a moment. `silence_s` and `duration_s` are the longest wait for a piece of the answer and for all of it,
    in seconds, where they are not the server's own.

    `api_key` is the caller's own for whichever provider answers, `api_keys` are theirs by the provider's name. They
    serve this turn alone: of a turn that was admitted only `own_key` remains, which says that one of them is used.
    """

    message: str = ""
    session_id: str | None = None
    session_name: str | None = None
    request_id: str | None = None
    model: str | None = None
    enable_reasoning: bool = False
    thinking_mode: ThinkingChoice = "auto"
    context: TurnContext = TurnContext()
    regenerate: str | None = None
    api_key: str | None = None
    api_keys: dict[str, str] | None = None
    own_key: bool = False
    history: tuple[PromptMessage, ...] | None = None
    keep_history: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    suggestions: bool = True
    stop_unwatched: bool = False
    origin: str = ""
    to_rooms: bool = False
    ephemeral: bool = False
    brief_log: bool = False
    silence_s: float | None = None
    duration_s: float | None = None
    estimate_emotion: bool = True


class CancelTurn(Struct, frozen=True):
    """Stop a turn, by its id, by the request that started it, or as the one that runs in a session."""

    session_id: str | None = None
    turn_id: str | None = None
    request_id: str | None = None


class ResumeTurn(Struct, frozen=True):
    """Send what follows `after_seq` (-1: from the start), then follow live."""

    turn_id: str | None = None
    session_id: str | None = None
    after_seq: int = -1
    request_id: str | None = None


class ConfigureDelivery(Struct, frozen=True):
    """Change how this connection is served. A field that is none stays as it is; `pace_ms` is per token.

    Without `show_emotion`, what is started over this connection from now on is not estimated at all, and what others
    started is shown here without it.
    """

    show_reasoning: bool | None = None
    show_emotion: bool | None = None
    pace_ms: int | None = None
    show_thoughts: bool | None = None


class PauseDelivery(Struct, frozen=True):
    """Hold a turn's delivery to this connection; generation goes on."""

    turn_id: str


class ContinueDelivery(Struct, frozen=True):
    """Go on with a delivery that was held."""

    turn_id: str


class Ping(Struct, frozen=True):
    """Answer with the same `data`."""

    data: Raw = Raw(b"{}")


Command = StartTurn | CancelTurn | ResumeTurn | ConfigureDelivery | PauseDelivery | ContinueDelivery | Ping
