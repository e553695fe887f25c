"""Each entry is rendered once, whoever reads it, and merged runs come out in their place."""

from collections.abc import Sequence

from millrace.model.events import Entry, TextDelta
from millrace.stream.delivery import Batch, Merged
from millrace.stream.frames import FrameCache


class CountingRenderer:
    """Entry n gives n % 3 frames."""

    def __init__(self) -> None:
        self.rendered: list[int] = []

    def render(self, entry: Entry) -> Sequence[bytes]:
        self.rendered.append(entry.seq)
        return [f"{entry.seq}.{i}".encode() for i in range(entry.seq % 3)]

    def merge(self, merged: Merged) -> Sequence[bytes]:
        return (b"opened", f"merged {merged.first}+{merged.count}".encode())


def test_frames_are_made_once_and_shared() -> None:
    log = [Entry(seq, 0, TextDelta(seq, "x")) for seq in range(6)]
    renderer = CountingRenderer()
    cache = FrameCache(log, renderer)
    assert cache.frames(Batch((range(4, 6),))) == [b"4.0", b"5.0", b"5.1"]
    assert cache.frames(Batch((range(2), range(2, 5)))) == [b"1.0", b"2.0", b"2.1", b"4.0"]
    assert renderer.rendered == list(range(6)), "in order, each once, also those that a late follower skips"


def test_the_frames_of_one_entry_are_shared_too() -> None:
    log = [Entry(seq, 0, TextDelta(seq, "x")) for seq in range(3)]
    renderer = CountingRenderer()
    cache = FrameCache(log, renderer)
    assert list(cache.frames_of(log[1])) == [b"1.0"]
    assert [list(cache.frames_of(log[2])) for _ in range(2)] == [[b"2.0", b"2.1"]] * 2
    assert cache.frames(Batch((range(3),))) == [b"1.0", b"2.0", b"2.1"]
    assert renderer.rendered == [0, 1, 2]


def test_a_merged_run_needs_what_was_before_it() -> None:
    log = [Entry(seq, 0, TextDelta(seq, "x")) for seq in range(6)]
    renderer = CountingRenderer()
    cache = FrameCache(log, renderer)
    frames = cache.frames(Batch((range(1), Merged(1, 4, 4, 0, "xxxx"), range(5, 6))))
    assert frames == [b"opened", b"merged 1+4", b"5.0", b"5.1"]
    assert renderer.rendered == list(range(6))
