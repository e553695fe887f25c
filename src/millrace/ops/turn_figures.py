"""What a turn's log says to those who run the server. Pure: metrics are one more reader of the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import attrgetter

from millrace.model.events import (
    Entry,
    ProviderSwitched,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnResumed,
    TurnStarted,
    Usage,
)

GAPS = 2_000
"""So many of the newest pieces of an answer are measured: a very long one costs no more than that."""
_SEAMS = frozenset((ProviderSwitched, TurnResumed))
_EVENT_OF = attrgetter("event")  # the one look at every entry: 100,000 of them take 4 ms, and nothing moves meanwhile


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """One ended turn. Times are seconds.

    `first_token_s` runs from the turn's start to the first piece of text, none where there was none; `gaps_s` are the
    times between pieces of text, newest first; `fallbacks` are the provider that was left, and why; `code` is that of a
    failure.
    """

    outcome: str
    code: str | None
    first_token_s: float | None
    gaps_s: tuple[float, ...]
    fallbacks: tuple[tuple[str, str], ...]
    resumptions: int
    usage: Usage
    cost: float | None


def turn_figures(entries: Sequence[Entry]) -> TurnFigures:
    """The figures of a turn from all its entries, the terminal one included."""
    end = entries[-1].event
    outcome, code, usage, cost = "completed", None, Usage(), None
    if isinstance(end, TurnFailed):
        outcome, code, usage, cost = "failed", end.code, end.usage or usage, end.cost
    elif isinstance(end, TurnCancelled):
        outcome, usage, cost = "cancelled", end.usage, end.cost
    elif isinstance(end, TurnCompleted):
        usage, cost = end.usage, end.cost
    started = next((entry.at for entry in entries if type(entry.event) is TurnStarted), None)
    first = next((entry.at for entry in entries if type(entry.event) is TextDelta), None)
    backwards = (entry.at for entry in reversed(entries) if type(entry.event) is TextDelta)
    newest = list(islice(backwards, GAPS + 1))
    seams = [event for event in map(_EVENT_OF, entries) if type(event) in _SEAMS]
    return TurnFigures(
        outcome=outcome,
        code=code,
        first_token_s=None if first is None or started is None else _seconds(first - started),
        gaps_s=tuple(_seconds(after - before) for after, before in pairwise(newest)),
        fallbacks=tuple(
            (seam.from_model.partition("/")[0], seam.reason) for seam in seams if isinstance(seam, ProviderSwitched)
        ),
        resumptions=sum(isinstance(seam, TurnResumed) for seam in seams),
        usage=usage,
        cost=cost,
    )


def _seconds(ms: int) -> float:
    """A clock that is set back makes no negative times."""
    return max(0, ms) / 1000
