"""What is measured without a server, in a process of its own: so far the estimate of emotion."""

import sys

import msgspec

from bench.process import Cores, run_to_end
from bench.targets import Check

AFFECT = "affect"
NAMES = (AFFECT,)


class Figure(msgspec.Struct, frozen=True):
    """A figure and what it must stay under, as `python -m bench.affect --json` prints it."""

    name: str
    unit: str
    value: float
    limit: float


def check_parts(names: set[str], cores: Cores, slack: float) -> list[Check]:
    """Measure the named parts, all where none is named, and hold the figures against their targets.

    Raises:
        BenchError: a measurement failed.
    """
    if names and AFFECT not in names:
        return []
    output = run_to_end("the bench of emotion", (sys.executable, "-m", "bench.affect", "--json"), cores.server)
    figures = msgspec.json.decode(output, type=list[Figure])
    return [Check(f"{figure.name}, {figure.unit}", "none", figure.value, figure.limit, slack) for figure in figures]
