"""What reached a simulator that runs as a process of its own."""

import httpx2
import msgspec

from millrace.testing.simulator.journal import RequestRecord
from millrace.testing.simulator.process import SimulatorProcess


async def requests_of(simulator: SimulatorProcess, *, settled_within_s: float = 0.0) -> list[RequestRecord]:
    """All requests so far; with `settled_within_s` once none is under way, or that time has passed."""
    async with httpx2.AsyncClient(base_url=simulator.url, timeout=30) as http:
        answer = await http.get("/_requests", params={"settled_within": settled_within_s} if settled_within_s else None)
        return msgspec.json.decode(answer.raise_for_status().content, type=list[RequestRecord])
