"""One encoding per entry and dialect, shared by all followers."""

from collections.abc import Sequence
from typing import Protocol

from millrace.model.events import AnyEvent, Entry
from millrace.stream.delivery import Batch, Merged


class Renderer(Protocol):
    """Turns the entries of one turn, in order from 0, into a dialect's frames."""

    def render(self, entry: Entry) -> Sequence[bytes]:
        """The frames of an entry: none, one or several."""

    def merge(self, merged: Merged) -> Sequence[bytes]:
        """The frames of several pieces of text joined; each of the pieces has been rendered before.

        They stand for all that `render` gave for these pieces, so that what it put before the first of them (the
        opening of a part of text, where a protocol has such) comes with them again.
        """


class Rendering(Protocol):
    """Makes renderers. Two that render differently have different names: by its name the frames of a turn are kept."""

    name: str

    def renderer(self) -> Renderer:
        """A new renderer for one turn."""


class FrameCache:
    """A turn's frames in one dialect: each entry is rendered once, when the first follower needs it.

    What its followers hide is not rendered, so that no frame they want can come out of an entry they do not get
    (the mark at the end of the text, for example, which stands before whatever follows the text).
    """

    __slots__ = ("_ends", "_frames", "_hidden", "_log", "_renderer")

    def __init__(
        self, log: Sequence[Entry], renderer: Renderer, hidden: frozenset[type[AnyEvent]] = frozenset()
    ) -> None:
        self._log = log
        self._renderer = renderer
        self._hidden = hidden
        self._frames: list[bytes] = []
        self._ends: list[int] = [0]  # _ends[i] = how many frames the first i entries have

    def frames_of(self, entry: Entry) -> Sequence[bytes]:
        """The frames of one entry, which is not hidden."""
        ends, seq = self._ends, entry.seq
        if len(ends) != seq + 1:
            self._render_to(seq + 1)
            return self._frames[ends[seq] : ends[seq + 1]]
        rendered = self._renderer.render(entry)  # the first who wants the newest one
        frames = self._frames
        frames += rendered
        ends.append(len(frames))
        return rendered

    def frames(self, batch: Batch) -> Sequence[bytes]:
        """The frames of a batch, in order."""
        out: list[bytes] = []
        for part in batch.parts:
            if isinstance(part, range):
                self._render_to(part.stop)
                out += self._frames[self._ends[part.start] : self._ends[part.stop]]
            else:
                self._render_to(part.seq + 1)
                out += self._renderer.merge(part)
        return out

    def _render_to(self, stop: int) -> None:
        for entry in self._log[len(self._ends) - 1 : stop]:
            if type(entry.event) not in self._hidden:
                self._frames += self._renderer.render(entry)
            self._ends.append(len(self._frames))
