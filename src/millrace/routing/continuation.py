"""What a model says that goes on with an answer: without what it repeats, and with its places in the whole answer."""

from collections.abc import Sequence

import msgspec

from millrace.model.events import Citation
from millrace.model.generation import CitationsFound, Delta, Finished, TextPiece
from millrace.ports import DeltaSink
from millrace.routing.overlap import OverlapTrimmer


class Continuation:
    """Stands between a provider that continues an answer and who takes what it says.

    Args:
        sink: Takes what is left.
        position: Where the answer goes on, in characters.
        trimmer: Leaves out what is repeated; none for a model that continues by prefill, which repeats nothing.
    """

    def __init__(self, sink: DeltaSink, position: int, trimmer: OverlapTrimmer | None) -> None:
        self._sink = sink
        self._position = position
        self._trimmer = trimmer

    def take(self, deltas: Sequence[Delta]) -> None:
        """Pass on what is new. Nothing may be left of it, and is passed on too: it shows that the model is at work."""
        self._sink([each for delta in deltas for each in self._passed(delta)])

    def _passed(self, delta: Delta) -> Sequence[Delta]:
        if isinstance(delta, CitationsFound):
            return (CitationsFound(tuple(self._moved(citation) for citation in delta.citations)),)
        if self._trimmer is None:
            return (delta,)
        if isinstance(delta, TextPiece):
            text = self._trimmer.feed(delta.text)
            return (TextPiece(text),) if text else ()
        if isinstance(delta, Finished) and (rest := self._trimmer.finish()):
            return (TextPiece(rest), delta)
        return (delta,)

    def _moved(self, citation: Citation) -> Citation:
        by = self._position - (self._trimmer.removed if self._trimmer is not None else 0)
        return msgspec.structs.replace(
            citation,
            start=None if citation.start is None else max(0, citation.start + by),
            end=None if citation.end is None else max(0, citation.end + by),
        )
