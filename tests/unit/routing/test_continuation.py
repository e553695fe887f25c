"""What a continuation passes on: text that is new, and places in the whole answer."""

from millrace.model.events import Citation, Usage
from millrace.model.generation import CitationsFound, Delta, Finished, TextPiece, UsageReported
from millrace.routing.continuation import Continuation
from millrace.routing.overlap import OverlapTrimmer

SAID = "The river turns the wheel"


def test_by_prefill_everything_is_new() -> None:
    heard: list[Delta] = []
    continuation = Continuation(heard.extend, len(SAID), None)
    deltas: list[Delta] = [TextPiece(" turns the wheel"), UsageReported(Usage(1, 1)), Finished("stop")]
    continuation.take(deltas)
    continuation.take([CitationsFound((Citation("t", "u", start=1, end=6), Citation("t", "u")))])
    assert heard[:3] == deltas
    assert heard[3] == CitationsFound((Citation("t", "u", start=26, end=31), Citation("t", "u")))


def test_a_repetition_is_left_out_and_the_listener_still_called() -> None:
    batches: list[list[Delta]] = []
    continuation = Continuation(lambda deltas: batches.append(list(deltas)), len(SAID), OverlapTrimmer(SAID))
    continuation.take([TextPiece("turns the wh")])
    continuation.take([TextPiece("eel and"), TextPiece(" the")])
    continuation.take([CitationsFound((Citation("t", "u", start=16, end=19),)), Finished("stop")])
    assert batches[0] == [], "it is at work"
    assert batches[1] == [TextPiece(" and"), TextPiece(" the")]
    found = batches[2][0]
    assert isinstance(found, CitationsFound)
    assert found.citations[0].start == len(SAID) + 1


def test_what_is_held_back_comes_before_the_end() -> None:
    heard: list[Delta] = []
    continuation = Continuation(heard.extend, len(SAID), OverlapTrimmer(SAID))
    continuation.take([TextPiece("turns")])
    continuation.take([Finished("length")])
    assert heard == [TextPiece("turns"), Finished("length")]
