"""The life of a turn as a table: which event may follow which.

Every log begins with `turn-started`, also that of a turn which was stopped while it waited. `READY` is a turn
that runs but has said nothing yet. Reasoning that a model puts between pieces of its answer stays
in `ANSWERING`.
"""

from enum import Enum

from millrace.model.errors import StreamError
from millrace.model.events import (
    AnyEvent,
    EmotionUpdated,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    SuggestionsReady,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
)


class State(Enum):
    """Where a turn stands."""

    EMPTY = "empty"
    READY = "ready"
    REASONING = "reasoning"
    REASONED = "reasoned"
    ANSWERING = "answering"
    ENDED = "ended"


Transitions = dict[type[AnyEvent], State]


def _anywhere(state: State) -> Transitions:
    """What may happen at any time of a running turn without changing where it stands."""
    return dict.fromkeys((EmotionUpdated, PassagesRetrieved, ProviderSwitched, TurnResumed, SuggestionsReady), state)


_ENDINGS: Transitions = dict.fromkeys((TurnCompleted, TurnCancelled, TurnFailed), State.ENDED)

TABLE: dict[State, Transitions] = {
    State.EMPTY: {TurnStarted: State.READY},
    State.READY: {
        **_anywhere(State.READY),
        **_ENDINGS,
        ReasoningDelta: State.REASONING,
        ReasoningStep: State.REASONING,
        TextDelta: State.ANSWERING,
    },
    State.REASONING: {
        **_anywhere(State.REASONING),
        **_ENDINGS,
        ReasoningDelta: State.REASONING,
        ReasoningStep: State.REASONING,
        ReasoningCompleted: State.REASONED,
    },
    State.REASONED: {
        **_anywhere(State.REASONED),
        **_ENDINGS,
        TextDelta: State.ANSWERING,
    },
    State.ANSWERING: {
        **_anywhere(State.ANSWERING),
        **_ENDINGS,
        TextDelta: State.ANSWERING,
        ReasoningDelta: State.ANSWERING,
    },
    State.ENDED: {},
}


class Lifecycle:
    """Follows a turn through the table and refuses what may not come next."""

    __slots__ = ("_transitions", "state")

    def __init__(self) -> None:
        self.state = State.EMPTY
        self._transitions = TABLE[State.EMPTY]

    def accept(self, event: AnyEvent) -> State:
        """Take the next event.

        Raises:
            StreamError: It may not come here; the state is unchanged.
        """
        state = self._transitions.get(type(event))
        if state is None:
            raise StreamError(detail=f"{type(event).__name__} may not follow in state {self.state.value}")
        if state is not self.state:
            self.state = state
            self._transitions = TABLE[state]
        return state
