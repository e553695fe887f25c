"""What is measured beside the workloads, with tables of its own: the estimate of emotion, and the dialects."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from bench.dialects.measure import FULL, QUICK, check_dialects
from bench.process import Child, Cores, run_to_end
from bench.targets import Check

AFFECT, DIALECTS = "affect", "dialects"
NAMES = (AFFECT, DIALECTS)


class Figure(msgspec.Struct, frozen=True):
    """A figure and what it must stay under, as `python -m bench.affect --json` prints it."""

    name: str
    unit: str
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that are wanted; all where no workload or part is named.

    Args:
        names: What was named.
        quick: Small sizes.
        slack: By how much a limit may be exceeded before it counts.
    """

    names: set[str]
    quick: bool
    slack: float

    def measure(self, feed_command: Sequence[str], cores: Cores, progress: Callable[[str], None]) -> list[Check]:
        """Measure, and hold the figures against their targets.

        Raises:
            BenchError: a measurement failed.
        """
        checks: list[Check] = []
        if self._wanted(AFFECT):
            progress("the estimate of emotion")
            checks += self._affect(cores)
        if self._wanted(DIALECTS):
            feed = Child("the feed", feed_command, cores.others, {})
            try:
                checks += check_dialects(feed, QUICK if self.quick else FULL, cores, self.slack, progress)
            finally:
                feed.stop()
        return checks

    def _wanted(self, name: str) -> bool:
        return not self.names or name in self.names

    def _affect(self, cores: Cores) -> list[Check]:
        output = run_to_end("the bench of emotion", (sys.executable, "-m", "bench.affect", "--json"), cores.server)
        figures = msgspec.json.decode(output, type=list[Figure])
        return [
            Check(f"{figure.name}, {figure.unit}", "none", figure.value, figure.limit, self.slack) for figure in figures
        ]
