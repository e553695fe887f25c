"""Official clients of other protocols, run by Node: one process for all of their scenarios."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
LIMIT_S = 100
Sight = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What the clients saw, by scenario, and the headers of the guest that they all were."""

    headers: dict[str, str]
    sights: dict[str, Sight]

    def __getitem__(self, name: str) -> Sight:
        sight = self.sights[name]
        assert "thrown" not in sight, f"{name}: {sight['thrown']}"
        return sight


def run_clients(script: str, url: str, environment: Mapping[str, str] | None = None) -> Seen:
    """Run one script of `tests/clients/src` against the server at `url`, with more of an environment if needed."""
    done = subprocess.run(
        ["node", "--no-warnings", str(CLIENTS / "src" / script)],
        env={**os.environ, "MILLRACE_URL": url, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    return Seen(written["headers"], written["seen"])
