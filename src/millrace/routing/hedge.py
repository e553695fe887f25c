"""Two models asked for one answer because the first is late: whoever speaks first is kept, the other is closed."""

import asyncio
from collections.abc import Callable, Sequence

from millrace.model.errors import MillraceError
from millrace.model.generation import Abandoned, Delta, GenerationRequest, Switched, UsageReported
from millrace.ports import DeltaSink
from millrace.routing.attempt import Attempt
from millrace.routing.verdicts import verdict_on


class Lane:
    """One of the two, and what it said before it was known whether that counts."""

    def __init__(self, hedge: "Hedge", attempt: Attempt, request: GenerationRequest) -> None:
        self.attempt = attempt
        self.request = request
        self.task: asyncio.Task[None] | None = None
        self._hedge = hedge
        self._held: list[Delta] = []

    @property
    def running(self) -> bool:
        """Whether it was asked and has not ended."""
        return self.task is not None and not self.task.done()

    @property
    def spent(self) -> Abandoned:
        """What it took in vain."""
        said = next((each for each in reversed(self._held) if isinstance(each, UsageReported)), None)
        model = self.attempt.link.info.id
        return Abandoned(model) if said is None else Abandoned(model, said.usage, said.cost)

    def take(self, deltas: Sequence[Delta]) -> None:
        """Hold back what is no word yet; with its first word it is kept."""
        if self._hedge.kept is None:
            self._held += deltas
            if self.attempt.spoke:
                self._hedge.keep(self, "late")
        elif self._hedge.kept is self:
            self._hedge.sink(deltas)

    def release(self) -> Sequence[Delta]:
        """What was held back."""
        held, self._held = self._held, []
        return held


class Hedge:
    """One answer by one of two models.

    Args:
        first: Is asked at once.
        second: Is asked where `first` has neither said a word nor failed after `delay_s` seconds.
        sink: Takes what the one that is kept says. Before the words of the second stands a `Switched`; what the second
            took in vain is told as `Abandoned`.
        asked: Is told of each attempt when it begins.
        delay_s: When the first is late, in seconds.
    """

    def __init__(
        self,
        first: tuple[Attempt, GenerationRequest],
        second: tuple[Attempt, GenerationRequest],
        *,
        sink: DeltaSink,
        asked: Callable[[Attempt], None],
        delay_s: float,
    ) -> None:
        self.sink = sink
        self.kept: Lane | None = None
        self._first = Lane(self, *first)
        self._second = Lane(self, *second)
        self._asked = asked
        self._delay_s = delay_s
        self._ended: asyncio.Queue[Lane] = asyncio.Queue()
        self._failed: list[Lane] = []

    @property
    def answering(self) -> Attempt:
        """Who is answering or, where nobody is, failed last."""
        if self.kept is not None:
            return self.kept.attempt
        return self._failed[-1].attempt if self._failed else self._first.attempt

    @property
    def spared(self) -> Attempt | None:
        """Who did not fail and is not answering: it was closed or never asked."""
        failed = {lane.attempt for lane in self._failed} | {self.answering}
        return next((each.attempt for each in (self._first, self._second) if each.attempt not in failed), None)

    async def run(self) -> None:
        """Ask; returns when the answer is whole.

        Raises:
            MillraceError: As the one that answered failed, or the last one where none did.
        """
        self._ask(self._first)
        timer = asyncio.get_running_loop().call_later(self._delay_s, self._late)
        tasks = self._first, self._second
        try:
            while not self._is_over(await self._ended.get()):
                pass
        finally:
            timer.cancel()
            for lane in tasks:
                if lane.task is not None:
                    lane.task.cancel()
            await asyncio.gather(*(lane.task for lane in tasks if lane.task is not None), return_exceptions=True)

    def keep(self, lane: Lane, reason: str) -> None:
        """This one answers, for `reason`; the other is closed."""
        first, second = self._first, self._second
        other = second if lane is first else first
        self.kept = lane
        if lane is second:
            if first.running:
                first.attempt.note_slow()
            switched = Switched(first.attempt.link.info.id, second.attempt.link.info.id, reason)
            self.sink((*first.release(), switched))
        elif second.task is not None:
            self.sink((second.spent,))
        if other.task is not None:
            other.task.cancel()
        if held := lane.release():
            self.sink(held)

    def _ask(self, lane: Lane) -> None:
        self._asked(lane.attempt)
        lane.task = asyncio.create_task(lane.attempt.run(lane.request, lane.take))
        lane.task.add_done_callback(lambda _: self._ended.put_nowait(lane))

    def _late(self) -> None:
        if self.kept is None and self._first.running:
            self._ask(self._second)

    def _is_over(self, lane: Lane) -> bool:
        """Whether the end of one is the end of all; raises what that one raised."""
        assert lane.task is not None  # noqa: S101 - only lanes with a task end
        if self.kept not in (None, lane):
            return False  # the one that was closed
        other = self._second if lane is self._first else self._first
        error = None if lane.task.cancelled() else lane.task.exception()
        if isinstance(error, MillraceError):
            self._failed.append(lane)
            verdict = verdict_on(error)
            declined = lane is self._first and verdict.next == "none"
            if self.kept is None and other.task is not None and other not in self._failed and not declined:
                if other.running:
                    self.keep(other, verdict.reason)
                return False  # it may still answer, or has just ended, too
        elif error is None and self.kept is None:
            self.keep(lane, "late")  # a whole answer without a word
        lane.task.result()
        return True
