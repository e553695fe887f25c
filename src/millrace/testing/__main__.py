"""``python -m millrace.testing``: the simulator for fixtures; its first line of output is the URL it listens on."""

import argparse
import sys

from millrace.testing.simulator import BehaviourError, Simulator
from millrace.testing.simulator.service import serve


def announce(simulator: Simulator) -> None:
    """Write the URL, at once, for the process that waits for it."""
    sys.stdout.write(f"{simulator.url}\n")
    sys.stdout.flush()


def main() -> int:
    """Serve until a signal comes; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m millrace.testing", description="Simulate a model provider.")
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--behaviour", default="", help="default behaviour, as in interval_ms=20&ttft_ms=200")
    options = parser.parse_args()
    try:
        serve(options.port, options.host, options.behaviour, announce)
    except (BehaviourError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
