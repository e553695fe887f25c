"""What a follower gets next: everything, in order, but merged where it lags, paced and filtered as it asked.

A follower is a cursor. `Delivery.take` looks at the log and a time and says what to send now and when to look
again; it holds no entries, so a slow client costs nothing but its lag.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from millrace.model.events import (
    AnyEvent,
    EmotionUpdated,
    Entry,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    TextDelta,
    TurnCancelled,
    TurnFailed,
)

LAG_ENTRIES = 64
LAG_MS = 500
_MERGED_CHARS = 16_000

_REASONING: frozenset[type[AnyEvent]] = frozenset({ReasoningDelta, ReasoningStep, ReasoningCompleted})
_THOUGHTS: frozenset[type[AnyEvent]] = frozenset({ReasoningDelta})
_EMOTION: frozenset[type[AnyEvent]] = frozenset({EmotionUpdated})


class DeliveryOptions(Struct, frozen=True):
    """How a follower wants to be served. `pace_ms` is the least time between two pieces of text.

    `show_thoughts` is whether a model's thinking comes as it is written, or by steps alone.

    With `snapshot`, one that comes in the middle gets the turn's beginning, its text so far in one piece, and then what
    follows; nothing else of what was before.
    """

    show_reasoning: bool = True
    show_emotion: bool = True
    pace_ms: int = 0
    lag_entries: int = LAG_ENTRIES
    lag_ms: int = LAG_MS
    snapshot: bool = False
    show_thoughts: bool = True

    def hidden(self) -> frozenset[type[AnyEvent]]:
        """The events this follower does not want to see."""
        hidden: frozenset[type[AnyEvent]] = frozenset()
        if not self.show_reasoning:
            hidden |= _REASONING
        elif not self.show_thoughts:
            hidden |= _THOUGHTS
        if not self.show_emotion:
            hidden |= _EMOTION
        return hidden


class Merged(Struct, frozen=True, gc=False):
    """Several pieces of text joined for a follower that lags.

    `first` is the index of the first piece, `count` how many there are; `seq` and `at` are the last one's.
    """

    first: int
    count: int
    seq: int
    at: int
    text: str


class Batch(Struct, frozen=True, gc=False):
    """What to send now: ranges of entries as they are, and merged runs, in order.

    `wait_ms` is when to look again even if nothing new comes; none where only news matters. `ended` is true
    when the terminal entry is in this batch or was before.
    """

    parts: Sequence[range | Merged]
    wait_ms: int | None = None
    ended: bool = False


class Delivery:
    """The cursor of one follower.

    Args:
        after: The last `seq` the follower has seen; -1 for none.
        live_from: Entries before this `seq` were there when the follower came: they are not paced.
        options: How it wants to be served.
    """

    __slots__ = ("_due_ms", "_is_paced", "_live_from", "_options", "cursor", "hidden", "paused")

    def __init__(self, after: int = -1, live_from: int = 0, options: DeliveryOptions | None = None) -> None:
        self.cursor = after + 1
        self.paused = False
        self.hidden: frozenset[type[AnyEvent]]
        """The events the follower does not want to see: those of its options."""
        self._live_from = live_from
        self._due_ms = 0
        self.options = options or DeliveryOptions()

    @property
    def options(self) -> DeliveryOptions:
        """How the follower is served; may change at any time."""
        return self._options

    @options.setter
    def options(self, options: DeliveryOptions) -> None:
        self._options = options
        self._is_paced = options.pace_ms > 0
        self.hidden = options.hidden()

    def newest(self, log: Sequence[Entry]) -> Entry | None:
        """The newest entry of a log that is not sealed, if it is all that is to be sent, and now.

        Nearly always it is, for who keeps up. It is what `take` would say, for a fraction of its price; none where
        `take` must be asked.
        """
        cursor, hidden = self.cursor, self.hidden
        # At 0 it may be a snapshot that is to be sent.
        if cursor != len(log) - 1 or not cursor or self.paused or self._is_paced:
            return None
        entry = log[cursor]
        if hidden and type(entry.event) in hidden:
            return None
        self.cursor = cursor + 1
        return entry

    def take(self, log: Sequence[Entry], now: Callable[[], int], *, sealed: bool) -> Batch:
        """What to send now.

        Args:
            log: All entries of the turn so far; `log[i].seq == i`.
            now: Tells the time in milliseconds, by the entries' own clock; asked where it matters.
            sealed: Whether the last entry of `log` is terminal.
        """
        start, end = self.cursor, len(log)
        if self.paused:
            return Batch(())
        if start >= end:
            return Batch((), ended=sealed)
        if self._options.snapshot and not start and self._live_from > 1:
            return self._snapshot(log, sealed=sealed)
        if self._is_paced and end > self._live_from and not self._hurry(log, sealed=sealed):
            return self._paced(log, now(), sealed=sealed)
        self.cursor = end
        hidden = self.hidden
        count = end - start
        # One entry has nothing to be merged with, late or not: nearly always, for who keeps up.
        lags = count > 1 and (count > self._options.lag_entries or now() - log[start].at > self._options.lag_ms)
        if not lags and (not hidden or (count == 1 and type(log[start].event) not in hidden)):
            return Batch((range(start, end),), ended=sealed)
        return Batch(_parts(log, start, end, hidden, merge=lags), ended=sealed)

    def _snapshot(self, log: Sequence[Entry], *, sealed: bool) -> Batch:
        end = len(log)
        texts = [entry for entry in log if isinstance(entry.event, TextDelta)]
        parts: list[range | Merged] = [range(1), *((_merge(texts),) if texts else ())]
        if sealed:
            parts.append(range(end - 1, end))
        self.cursor = end
        return Batch(parts, ended=sealed)

    def _hurry(self, log: Sequence[Entry], *, sealed: bool) -> bool:
        """A turn that was stopped or failed is told at once, not at reading pace."""
        return sealed and isinstance(log[-1].event, TurnCancelled | TurnFailed)

    def _paced(self, log: Sequence[Entry], now_ms: int, *, sealed: bool) -> Batch:
        parts: list[range | Merged] = []
        if self.cursor < self._live_from:
            parts.extend(_parts(log, self.cursor, self._live_from, self.hidden, merge=True))
            self.cursor = self._live_from
        for seq in range(self.cursor, len(log)):
            event = log[seq].event
            if isinstance(event, TextDelta):
                # A clock that jumped back must not hold the text for as long as it jumped.
                wait_ms = min(self._due_ms - now_ms, self._options.pace_ms)
                if wait_ms > 0:
                    self._due_ms = now_ms + wait_ms
                    return Batch(parts, wait_ms=wait_ms)
                self._due_ms = now_ms + self._options.pace_ms
            self.cursor = seq + 1
            if type(event) not in self.hidden:
                parts.append(range(seq, seq + 1))
        return Batch(parts, ended=sealed)


def _parts(
    log: Sequence[Entry], start: int, end: int, hidden: frozenset[type[AnyEvent]], *, merge: bool
) -> list[range | Merged]:
    """Entries `start` to `end` as ranges, without what is hidden and, if asked, with runs of text merged."""
    parts: list[range | Merged] = []
    seq = start
    while seq < end:
        kind = type(log[seq].event)
        if kind in hidden:
            seq += 1
            continue
        stop = seq + 1
        if kind is TextDelta and merge:
            stop = _text_run_end(log, seq, end)
            parts.append(_merge(log[seq:stop]) if stop - seq > 1 else range(seq, stop))
        else:
            while stop < end and (following := type(log[stop].event)) not in hidden:
                if merge and following is TextDelta:
                    break
                stop += 1
            parts.append(range(seq, stop))
        seq = stop
    return parts


def _text_run_end(log: Sequence[Entry], start: int, end: int) -> int:
    chars = 0
    for seq in range(start, end):
        event = log[seq].event
        if not isinstance(event, TextDelta):
            return seq
        chars += len(event.text)
        if chars > _MERGED_CHARS and seq > start:
            return seq
    return end


def _merge(run: Sequence[Entry]) -> Merged:
    events = [entry.event for entry in run if isinstance(entry.event, TextDelta)]
    last = run[-1]
    return Merged(events[0].index, len(events), last.seq, last.at, "".join(event.text for event in events))
