"""Ownership of turns: leases, records, signals, and how a turn ended."""

from typing import Literal

from msgspec import Struct

from millrace.model.events import CancelCause, EmotionState, Usage
from millrace.model.generation import PromptMessage
from millrace.model.messages import Turn, TurnState, Version


class Lease(Struct, frozen=True):
    """The right to append to a turn's log. A higher `fence` supersedes every lower one, for ever."""

    turn_id: str
    owner: str
    fence: int


class TurnRecord(Struct, frozen=True):
    """What the registry knows of a turn."""

    turn: Turn
    state: TurnState
    lease: Lease


class Admission(Struct, frozen=True):
    """The answer to a new turn.

    `running`: go on at once. `queued`: the session is busy; a `start` signal follows when it is this turn's
    place. `duplicate`: the request was admitted before, and `record` is what it became.
    """

    outcome: Literal["running", "queued", "duplicate"]
    record: TurnRecord


class Signal(Struct, frozen=True):
    """A word to a turn's owner: `start` a queued turn, or `cancel` it for `cause`; or to all: `adopt` one given up."""

    turn_id: str
    kind: Literal["start", "cancel", "adopt"]
    cause: CancelCause = "user"


class TurnOutcome(Struct, frozen=True, kw_only=True):
    """What a finished turn leaves behind, to be stored in one transaction.

    `new_user_message` is false for a regeneration, whose question is stored already. `emotion` is the estimate for
    the user's message, kept with it. `told` is what was said before, of user and assistant, to be kept as the beginning
    of a session that has no messages.
    """

    turn: Turn
    answer: Version
    new_user_message: bool
    usage: Usage
    model: str
    cost: float | None = None
    emotion: EmotionState | None = None
    told: tuple[PromptMessage, ...] = ()


SidePurpose = Literal["suggestions", "title"]


class SideUsage(Struct, frozen=True, kw_only=True):
    """What a call of a model beside an answer used: usage of the user who asked, and no part of the answer's own."""

    turn_id: str
    user_id: str
    session_id: str
    purpose: SidePurpose
    model: str
    usage: Usage
    cost: float | None
    created_at: int
