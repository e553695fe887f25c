"""The command line that all yardsticks share."""

import argparse
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arguments:
    """Where the provider is (base URL that ends in `/v1`) and which port to serve (0: any free one)."""

    upstream: str
    port: int


def read_arguments(description: str | None) -> Arguments:
    """Read `--upstream` and `--port`; `description` is shown by `--help`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--port", type=int, default=0)
    parsed = parser.parse_args()
    return Arguments(parsed.upstream, parsed.port)
