"""What a provider says becomes entries at once, and the ending finds what it needs."""

import pytest
from tests.support.clock import ManualClock

from millrace.engine.transcript import Transcript
from millrace.model.errors import StreamError
from millrace.model.events import (
    AnyEvent,
    Citation,
    Entry,
    Part,
    PassagesRetrieved,
    ProviderSwitched,
    ReasoningCompleted,
    ReasoningDelta,
    ReasoningStep,
    TerminalEvent,
    TextDelta,
    TurnResumed,
    TurnStarted,
    Usage,
)
from millrace.model.generation import (
    CitationsFound,
    Finished,
    ReasoningPiece,
    StepFound,
    Switched,
    TextPiece,
    UsageReported,
)
from millrace.ops.clock import SystemClock
from millrace.stream.digest import text_digest

START = TurnStarted("t", "s", "m", "u", "p/m")


class ListWriter:
    """A writer into a list."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []

    @property
    def next_seq(self) -> int:
        return len(self.events)

    def append(self, *events: AnyEvent) -> int:
        self.events.extend(events)
        return len(self.events) - 1

    async def flush(self) -> None:
        pass

    async def seal(self, event: TerminalEvent) -> int:
        return self.append(event)

    async def delivered(self) -> None:
        pass


@pytest.fixture
def writer() -> ListWriter:
    return ListWriter()


@pytest.fixture
def transcript(writer: ListWriter) -> Transcript:
    transcript = Transcript(writer, SystemClock())
    transcript.write(START)
    return transcript


def test_whose_part_was_what(transcript: Transcript, writer: ListWriter) -> None:
    transcript.spending.asked(5)
    transcript.take([Switched("p/m", "q/m", "unavailable")])
    transcript.take([Switched("q/m", "r/m", "failed")])
    transcript.take([Switched("r/m", "s/m", "silent")])
    transcript.take([TextPiece("abcd"), Switched("s/m", "t/m", "failed"), TextPiece("ef"), Finished("stop")])
    switches = [event for event in writer.events if isinstance(event, ProviderSwitched)]
    assert [(event.position, event.usage) for event in switches] == [
        (0, None),
        (0, Usage()),
        (0, Usage(5, 0, estimated=True)),
        (4, Usage(5, 1, estimated=True)),
    ], "not asked, refused at once, worked in silence, wrote"
    parts = transcript.spending.parts(transcript.part())
    assert [(part.model, part.chars) for part in parts] == [("q/m", 0), ("r/m", 0), ("s/m", 4), ("t/m", 2)]
    replayed = Transcript(ListWriter(), SystemClock())
    replayed.replay(Entry(seq, 0, event) for seq, event in enumerate(writer.events))
    assert replayed.spending.parts(replayed.part())[:3] == parts[:3]
    assert (replayed.spending.model, replayed.text) == ("t/m", "abcdef")


def test_text_is_numbered_and_remembered(transcript: Transcript, writer: ListWriter) -> None:
    transcript.take([TextPiece("a"), TextPiece("b é")])
    transcript.take([UsageReported(Usage(1, 2), 0.5), CitationsFound((Citation("T", "u"),)), Finished("length")])
    assert writer.events[1:] == [TextDelta(0, "a"), TextDelta(1, "b é")]
    assert (transcript.text, transcript.pieces, transcript.chars) == ("ab é", 2, 4)
    assert transcript.digest == text_digest("ab é")
    assert (transcript.part(), transcript.finish) == (Part("", Usage(1, 2), 0.5, 4), "length")
    assert transcript.citations == (Citation("T", "u"),)
    assert transcript.first_text_at is not None


def test_thinking_closes_before_the_text(transcript: Transcript, writer: ListWriter) -> None:
    transcript.take(
        [ReasoningPiece("a\n\n"), ReasoningPiece("b"), TextPiece("x"), ReasoningPiece("late"), TextPiece("y")]
    )
    kinds = [type(event) for event in writer.events[1:]]
    assert kinds == [
        ReasoningDelta,
        ReasoningDelta,
        ReasoningStep,
        ReasoningStep,
        ReasoningCompleted,
        TextDelta,
        ReasoningDelta,
        TextDelta,
    ]
    completed = writer.events[5]
    assert isinstance(completed, ReasoningCompleted)
    assert (completed.summary, completed.steps) == ("b", 2)
    assert transcript.reasoning == "a\n\nblate"


def test_thinking_without_an_answer_is_closed_at_the_end(transcript: Transcript, writer: ListWriter) -> None:
    transcript.take([ReasoningPiece("hm"), Finished("stop")])
    transcript.complete_reasoning()
    transcript.complete_reasoning()
    assert [type(event) for event in writer.events[1:]] == [ReasoningDelta, ReasoningStep, ReasoningCompleted]


def test_a_long_summary_is_cut_to_a_line(transcript: Transcript, writer: ListWriter) -> None:
    transcript.take([ReasoningPiece("word " * 100), TextPiece("x")])
    completed = writer.events[3]
    assert isinstance(completed, ReasoningCompleted)
    assert len(completed.summary) <= 200
    assert completed.summary.endswith("…")


def test_it_goes_on_from_what_an_earlier_owner_wrote(writer: ListWriter) -> None:
    transcript = Transcript(writer, SystemClock())
    events: list[AnyEvent] = [START, PassagesRetrieved(()), ReasoningDelta("r"), ReasoningStep(1, "synthesis", "r")]
    transcript.replay([Entry(seq, 0, event) for seq, event in enumerate(events)])
    transcript.write(TurnResumed(0, 2))
    transcript.take([ReasoningPiece("s"), TextPiece("x")])
    assert [event for event in writer.events if isinstance(event, ReasoningStep)] == [
        ReasoningStep(2, "exploration", "s")
    ]
    replayed = Transcript(writer, SystemClock())
    texts: list[AnyEvent] = [START, TextDelta(0, "ab"), TextDelta(1, "c")]
    replayed.replay([Entry(seq, 0, event) for seq, event in enumerate(texts)])
    assert (replayed.text, replayed.pieces, replayed.chars, replayed.begun) == ("abc", 2, 3, True)


def test_what_may_not_come_is_not_written(transcript: Transcript, writer: ListWriter) -> None:
    with pytest.raises(StreamError):
        transcript.write(START)
    assert writer.events == [START]


def test_steps_that_were_asked_for_are_entries_until_the_answer_begins(
    transcript: Transcript, writer: ListWriter
) -> None:
    transcript.take([StepFound("decomposition", "Take it apart.", 0.5), StepFound("synthesis", "So it is.")])
    assert writer.events[1:] == [
        ReasoningStep(1, "decomposition", "Take it apart.", 0.5),
        ReasoningStep(2, "synthesis", "So it is."),
    ]
    assert transcript.reasoning == "Take it apart.\n\nSo it is."
    transcript.take([TextPiece("It is.")])
    completed = writer.events[3]
    assert isinstance(completed, ReasoningCompleted)
    assert (completed.summary, completed.steps) == ("So it is.", 2)
    transcript.take([StepFound("exploration", "Too late.")])
    assert len(writer.events) == 5


def test_another_process_knows_the_steps(writer: ListWriter) -> None:
    transcript = Transcript(writer, SystemClock())
    step = ReasoningStep(1, "decomposition", "Take it apart.", 0.5)
    transcript.replay([Entry(0, 0, START), Entry(1, 0, step)])
    assert transcript.steps == [StepFound("decomposition", "Take it apart.", 0.5)]
    transcript.take([StepFound("synthesis", "So it is.")])
    assert writer.events == [ReasoningStep(2, "synthesis", "So it is.")]


def test_thinking_is_timed_from_the_models_first_word(writer: ListWriter) -> None:
    clock = ManualClock()
    transcript = Transcript(writer, clock)
    transcript.write(START)
    clock.advance(5)
    transcript.take(())
    clock.advance(2)
    transcript.take([StepFound("synthesis", "It took two seconds to write this.")])
    clock.advance(1)
    transcript.take([TextPiece("So it is.")])
    assert ReasoningCompleted("It took two seconds to write this.", 1, 3000) in writer.events


def test_text_that_the_log_did_not_take_was_never_said(
    transcript: Transcript, writer: ListWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can ever see it, so what is kept, and the digest of the end, are without it."""

    def full(*events: AnyEvent) -> int:
        raise StreamError("The disk is full.")

    transcript.take([TextPiece("One "), TextPiece("two ")])
    monkeypatch.setattr(writer, "append", full)
    for pieces in ([TextPiece("three "), TextPiece("four")], [TextPiece("three ")]):
        with pytest.raises(StreamError):
            transcript.take(pieces)
    assert (
        transcript.text == "".join(event.text for event in writer.events if isinstance(event, TextDelta)) == "One two "
    )
    assert (transcript.digest, transcript.pieces, transcript.chars) == (text_digest("One two "), 2, 8)
