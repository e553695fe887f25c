"""A simulator in a process of its own, for tests and fixtures that do not run in an event loop."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from millrace.testing.simulator.process import SimulatorProcess


@contextmanager
def running_simulator() -> Iterator[SimulatorProcess]:
    """Run one on a free port while the context lasts."""
    command = [sys.executable, "-m", "millrace.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield SimulatorProcess(process.stdout.readline().strip(), process.pid)
        finally:
            process.terminate()
