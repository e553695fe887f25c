"""The simulator in a process of its own, for tests that measure or that must not share an event loop with it."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import msgspec

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


class SimulatorProcess(msgspec.Struct, frozen=True):
    """A simulator that runs as another process.

    Attributes:
        url: Where it listens, as in ``http://127.0.0.1:9100``.
        pid: Its process id.
    """

    url: str
    pid: int

    @property
    def base_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/v1"


@contextlib.asynccontextmanager
async def simulator_process(behaviour: str = "") -> AsyncIterator[SimulatorProcess]:
    """Run a simulator on a free port while the context lasts.

    Args:
        behaviour: What holds where a request says nothing.

    Raises:
        RuntimeError: It did not start; its own words are on standard error.
    """
    arguments = ("-m", "millrace.testing", "--port", "0", "--behaviour", behaviour)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        yield SimulatorProcess(await _url(process), process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _url(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise RuntimeError("The simulator's standard output is not connected.")
    line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
    if not line:
        raise RuntimeError("The simulator did not start: see what it wrote on standard error.")
    return line.decode().strip()
