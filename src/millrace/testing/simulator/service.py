"""The simulator as a program: serve until a signal comes."""

import asyncio
import signal
import sys
from collections.abc import Callable

from millrace.testing.simulator.server import Simulator


def serve(port: int, host: str, behaviour: str, announce: Callable[[Simulator], None]) -> None:
    """Serve until SIGINT or SIGTERM, then end at once and without a fuss.

    Args:
        port: TCP port; 0 takes a free one.
        host: Address to listen on.
        behaviour: What holds where a request says nothing.
        announce: Called once the simulator accepts connections.

    Raises:
        BehaviourError: ``behaviour`` says something unknown.
        OSError: The address is not to be had.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(port, host, behaviour, announce))


async def _serve(port: int, host: str, behaviour: str, announce: Callable[[Simulator], None]) -> None:
    stop = asyncio.Event()
    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
    async with Simulator.start(port, host, behaviour=behaviour) as simulator:
        announce(simulator)
        await stop.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The faster event loop where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - optional, and not for every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
