"""The runs of this process: owns their tasks, watches their deadlines, passes signals on."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from millrace.engine.run import Run
from millrace.model.messages import Turn
from millrace.model.turns import Lease, Signal
from millrace.ports import Clock

_logger = logging.getLogger("millrace.engine")

# How often deadlines are looked at. One timer for all runs: a timer per read would cost more than the read.
_TICK_S = 0.1


class Runs:
    """Every run has one task here, and every task is awaited by `close`.

    Args:
        clock: The time of deadlines.
        began: Told of each turn that is begun here, or taken over.
    """

    def __init__(self, clock: Clock, began: Callable[[str], None] = lambda _: None) -> None:
        self._clock = clock
        self._began = began
        self._runs: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._ended_pieces = 0
        self._most_pieces = 0

    @property
    def pieces(self) -> int:
        """How many pieces of text came to this process so far, in all turns. Never fewer than before.

        What a log did not take a run has not said after all; a counter that falls would mean a restart.
        """
        pieces = self._ended_pieces + sum(run.pieces for run, _ in self._runs.values())
        self._most_pieces = max(self._most_pieces, pieces)
        return self._most_pieces

    @property
    def running(self) -> int:
        """How many turns are being generated."""
        return sum(not run.waiting and not run.concludes for run, _ in self._runs.values())

    @property
    def concluding(self) -> int:
        """How many turns are over but for what their storage does not take yet."""
        return sum(run.concludes for run, _ in self._runs.values())

    @property
    def queued(self) -> int:
        """How many turns wait for their session."""
        return sum(run.waiting for run, _ in self._runs.values())

    def has(self, turn_id: str) -> bool:
        """Whether this process generates the turn."""
        return turn_id in self._runs

    def stops_unwatched(self, turn_id: str) -> bool:
        """Whether this process generates the turn, and only for those who watch it."""
        run, _ = self._runs.get(turn_id, (None, None))
        return run is not None and run.turn.command.stop_unwatched

    def turns(self) -> Sequence[Turn]:
        """The turns that are being generated or wait."""
        return [run.turn for run, _ in self._runs.values()]

    def leases(self) -> Sequence[Lease]:
        """The leases that must be renewed."""
        return [run.lease for run, _ in self._runs.values()]

    def start(self, run: Run) -> None:
        """Begin a run."""
        task = asyncio.create_task(run.execute(), name=f"turn {run.turn.id}")
        self._runs[run.turn.id] = (run, task)
        task.add_done_callback(lambda done: self._done(run, done))
        if self._closing:
            run.hand_over()
        self._began(run.turn.id)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def signal(self, signal: Signal) -> None:
        """Pass a signal to the run it is for, if that is here."""
        run, _ = self._runs.get(signal.turn_id, (None, None))
        if run is None:
            return
        if signal.kind == "start":
            run.go()
        elif signal.kind == "cancel":
            run.cancel(signal.cause)

    def lose(self, lease: Lease) -> None:
        """Another process continues a turn: end the run here without a word."""
        run, _ = self._runs.get(lease.turn_id, (None, None))
        if run is not None and run.lease == lease:
            run.lose()

    async def close(self) -> None:
        """Hand every turn over and wait until that is done. A turn that is ending ends."""
        self._closing = True
        for run, _ in self._runs.values():
            run.hand_over()
        while self._runs:
            await asyncio.wait([task for _, task in self._runs.values()])
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _done(self, run: Run, task: "asyncio.Task[None]") -> None:
        self._runs.pop(run.turn.id, None)
        self._ended_pieces += run.pieces
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.error("turn %s broke", run.turn.id, exc_info=error)

    def _tick(self) -> None:
        now = self._clock.monotonic()
        for run, _ in self._runs.values():
            run.check_deadlines(now)
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick) if self._runs else None
