"""A follower gets everything in order, merged where it lags, paced and filtered as it asked."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.at import at

from millrace.model.events import (
    AnyEvent,
    EmotionState,
    EmotionUpdated,
    Entry,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    TextDelta,
    TurnCancelled,
    TurnCompleted,
    TurnStarted,
    Usage,
)
from millrace.stream.delivery import Batch, Delivery, DeliveryOptions, Merged

START = TurnStarted("t", "s", "m", "u", "p/m")
END = TurnCompleted("stop", "", 0, Usage(), "p/m")
FEELING = EmotionUpdated("user", EmotionState("joy", 0.5, "good", "optimal"))
THINKING: list[AnyEvent] = [ReasoningDelta("a"), ReasoningStep(1, "synthesis", "a"), ReasoningCompleted("a", 1, 1)]


def log_of(texts: int, *, every_ms: int = 0, events: list[AnyEvent] | None = None, end: AnyEvent = END) -> list[Entry]:
    middle: list[AnyEvent] = [TextDelta(i, f"{i} ") for i in range(texts)]
    return [Entry(seq, seq * every_ms, event) for seq, event in enumerate([START, *(events or []), *middle, end])]


def word(event: AnyEvent) -> str:
    return event.text if isinstance(event, TextDelta) else ""


def seqs(batch: Batch, log: list[Entry]) -> list[int]:
    """The entries that a batch stands for, in order."""
    found: list[int] = []
    for part in batch.parts:
        if isinstance(part, Merged):
            run = [
                e.seq
                for e in log
                if isinstance(e.event, TextDelta) and part.first <= e.event.index < part.first + part.count
            ]
            assert run[-1] == part.seq
            assert part.text == "".join(word(log[seq].event) for seq in run)
            found += run
        else:
            found += list(part)
    return found


def test_one_that_keeps_up_gets_each_piece_as_it_came() -> None:
    log = log_of(10)
    delivery = Delivery()
    batch = delivery.take(log[:5], at(0), sealed=False)
    assert batch.parts == (range(5),)
    assert not batch.ended
    batch = delivery.take(log, at(0), sealed=True)
    assert batch.parts == (range(5, 12),)
    assert batch.ended
    assert delivery.take(log, at(0), sealed=True) == Batch((), ended=True)


@given(
    st.lists(st.sampled_from([TextDelta(0, "x"), FEELING, *THINKING]), max_size=8),
    st.lists(st.integers(1, 3), max_size=8),
    st.builds(
        DeliveryOptions,
        show_reasoning=st.booleans(),
        show_thoughts=st.booleans(),
        show_emotion=st.booleans(),
        pace_ms=st.sampled_from([0, 5]),
        snapshot=st.booleans(),
    ),
    st.integers(-1, 3),
    st.integers(0, 3),
    st.booleans(),
)
def test_the_newest_alone_is_what_would_be_taken(
    events: list[AnyEvent], steps: list[int], options: DeliveryOptions, after: int, live_from: int, paused: bool
) -> None:
    log = [Entry(seq, 0, event) for seq, event in enumerate([START, *events])]
    short, long = Delivery(after, live_from, options), Delivery(after, live_from, options)
    short.paused = long.paused = paused
    end = 0
    for step in steps:
        end = min(end + step, len(log))
        newest = short.newest(log[:end])
        if newest is None:
            assert short.take(log[:end], at(0), sealed=False) == long.take(log[:end], at(0), sealed=False)
        else:
            assert long.take(log[:end], at(0), sealed=False) == Batch((range(newest.seq, newest.seq + 1),))
        assert short.cursor == long.cursor


def test_one_that_keeps_up_is_given_the_newest_alone() -> None:
    log = log_of(3)
    delivery = Delivery(after=0)
    assert [delivery.newest(log[:end]) for end in (2, 2, 3, 5)] == [log[1], None, log[2], None]


def test_one_that_lags_by_entries_gets_them_merged() -> None:
    log = log_of(200)
    batch = Delivery().take(log, at(0), sealed=True)
    assert [type(part) for part in batch.parts] == [range, Merged, range]
    assert seqs(batch, log) == list(range(202))


def test_one_that_lags_by_time_gets_them_merged() -> None:
    log = log_of(3)
    assert [type(part) for part in Delivery().take(log, at(501), sealed=True).parts] == [range, Merged, range]
    assert [type(part) for part in Delivery().take(log, at(500), sealed=True).parts] == [range]


def test_merged_frames_are_bounded() -> None:
    log = [Entry(0, 0, START), *(Entry(i + 1, 0, TextDelta(i, "x" * 900)) for i in range(100))]
    parts = Delivery().take(log, at(0), sealed=False).parts
    assert all(len(part.text) <= 16_000 for part in parts if isinstance(part, Merged))
    assert sum(len(part.text) for part in parts if isinstance(part, Merged)) == 90_000


def test_what_is_hidden_is_left_out() -> None:
    log = log_of(2, events=[FEELING, *THINKING])
    hidden = Delivery(options=DeliveryOptions(show_reasoning=False, show_emotion=False))
    assert seqs(hidden.take(log, at(0), sealed=True), log) == [0, 5, 6, 7]
    quiet = Delivery(options=DeliveryOptions(show_emotion=False))
    assert seqs(quiet.take(log, at(0), sealed=True), log) == [0, 2, 3, 4, 5, 6, 7]


def test_pacing_is_per_piece_and_says_when_to_look_again() -> None:
    log = log_of(3)
    delivery = Delivery(options=DeliveryOptions(pace_ms=50))
    first = delivery.take(log, at(0), sealed=True)
    assert (seqs(first, log), first.wait_ms, first.ended) == ([0, 1], 50, False)
    early = delivery.take(log, at(20), sealed=True)
    assert (list(early.parts), early.wait_ms) == ([], 30)
    second = delivery.take(log, at(50), sealed=True)
    assert (seqs(second, log), second.wait_ms) == ([2], 50)
    third = delivery.take(log, at(100), sealed=True)
    assert (seqs(third, log), third.ended) == ([3, 4], True)


def test_a_stop_is_not_told_at_reading_pace() -> None:
    log = log_of(30, end=TurnCancelled("user", "", 30, Usage()))
    delivery = Delivery(options=DeliveryOptions(pace_ms=50))
    delivery.take(log[:5], at(0), sealed=False)
    batch = delivery.take(log, at(1), sealed=True)
    assert batch.ended
    assert seqs(batch, log) == list(range(2, 32))


def test_the_backlog_of_one_that_returns_is_not_paced() -> None:
    log = log_of(100)
    delivery = Delivery(after=10, live_from=90, options=DeliveryOptions(pace_ms=50))
    batch = delivery.take(log, at(0), sealed=True)
    assert seqs(batch, log) == list(range(11, 91))
    assert batch.wait_ms == 50


def test_a_clock_that_jumps_back_does_not_hold_the_text() -> None:
    log = log_of(3)
    delivery = Delivery(options=DeliveryOptions(pace_ms=50))
    delivery.take(log, at(3_600_000), sealed=True)
    assert delivery.take(log, at(0), sealed=True).wait_ms == 50
    assert seqs(delivery.take(log, at(50), sealed=True), log) == [2]


def test_a_pause_holds_everything_and_loses_nothing() -> None:
    log = log_of(5)
    delivery = Delivery()
    delivery.take(log[:3], at(0), sealed=False)
    delivery.paused = True
    assert delivery.take(log, at(0), sealed=True) == Batch(())
    delivery.paused = False
    assert seqs(delivery.take(log, at(0), sealed=True), log) == [3, 4, 5, 6]


@given(
    texts=st.integers(0, 300),
    thinking=st.booleans(),
    after=st.integers(-1, 310),
    steps=st.lists(st.tuples(st.integers(1, 120), st.integers(0, 700)), max_size=12),
    pace_ms=st.sampled_from([0, 0, 7, 50]),
    show=st.booleans(),
)
def test_whatever_the_rhythm_nothing_is_missing_or_doubled(
    texts: int, thinking: bool, after: int, steps: list[tuple[int, int]], pace_ms: int, show: bool
) -> None:
    log = log_of(texts, every_ms=3, events=THINKING if thinking else [])
    delivery = Delivery(after=after, options=DeliveryOptions(show_reasoning=show, pace_ms=pace_ms))
    got: list[int] = []
    now = length = 0
    for more, later in steps:
        length = min(length + more, len(log))
        now += later
        got += seqs(delivery.take(log[:length], at(now), sealed=length == len(log)), log)
    while True:
        batch = delivery.take(log, at(now), sealed=True)
        got += seqs(batch, log)
        if batch.ended:
            break
        assert batch.wait_ms is not None
        now += batch.wait_ms
    visible = [
        e.seq for e in log if show or not isinstance(e.event, ReasoningDelta | ReasoningStep | ReasoningCompleted)
    ]
    assert got == [seq for seq in visible if seq > after]
