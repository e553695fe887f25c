"""Real processes for the tests of the whole: a simulator and a server that uses it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.chat_client import Chat, Visitor
from tests.support.server import RunningServer, running_server

from millrace.testing.simulator import simulator_process
from millrace.testing.simulator.process import SimulatorProcess

LIMITS = {
    "MILLRACE_LIMITS__TURNS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__TICKETS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__GUESTS_PER_MINUTE": "100000",
    "MILLRACE_LIMITS__CONNECTIONS_PER_USER": "1000",
    "MILLRACE_LIMITS__FRAMES_PER_SECOND": "10000",
}


@pytest.fixture
async def simulator() -> AsyncIterator[SimulatorProcess]:
    async with simulator_process() as simulator:
        yield simulator


@pytest.fixture
def environment(simulator: SimulatorProcess) -> dict[str, str]:
    """A server's settings: the simulator as `sim`, which can continue a text, and as `plain`, which cannot."""
    providers = {
        f"MILLRACE_PROVIDERS__{name}__{field}": value
        for name, prefill in (("SIM", "true"), ("PLAIN", "false"))
        for field, value in (
            ("KIND", "openai"),
            ("BASE_URL", simulator.base_url),
            ("API_KEY", "sk-test"),
            ("PREFILL", prefill),
        )
    }
    return {**LIMITS, **providers}


@pytest.fixture
def server(tmp_path: Path, environment: dict[str, str]) -> Iterator[RunningServer]:
    with running_server(tmp_path / "data", environment=environment) as server:
        yield server


@pytest.fixture
async def visitor(server: RunningServer) -> AsyncIterator[Visitor]:
    async with Visitor.guest(server.url) as visitor:
        yield visitor


@pytest.fixture
async def chat(visitor: Visitor) -> AsyncIterator[Chat]:
    async with visitor.connect() as chat:
        yield chat
