"""Real processes for the tests of the whole: a simulator and a server that uses it."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from tests.support.chat_client import Chat, Visitor
from tests.support.environment import LIMITS, provider
from tests.support.server import RunningServer, running_server
from tests.support.simulator import running_simulator

from millrace.testing.simulator.process import SimulatorProcess


@pytest.fixture(scope="module")
def shared_simulator() -> Iterator[SimulatorProcess]:
    """One simulator for the tests of a module: a process costs more than most tests."""
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: SimulatorProcess) -> SimulatorProcess:
    """The module's simulator, with an empty journal."""
    httpx2.delete(f"{shared_simulator.url}/_requests").raise_for_status()
    return shared_simulator


@pytest.fixture(scope="module")
def environment(shared_simulator: SimulatorProcess) -> dict[str, str]:
    """A server's settings: the simulator as `sim`, which can continue a text, and as `plain`, which cannot."""
    base_url = shared_simulator.base_url
    return {**LIMITS, **provider("sim", base_url, prefill=True), **provider("plain", base_url, prefill=False)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[RunningServer]:
    """One server for the tests of a module, who are each a visitor of their own. One that kills it starts its own."""
    with running_server(tmp_path_factory.mktemp("server") / "data", environment=environment) as server:
        yield server


@pytest.fixture
async def visitor(server: RunningServer) -> AsyncIterator[Visitor]:
    async with Visitor.guest(server.url) as visitor:
        yield visitor


@pytest.fixture
async def chat(visitor: Visitor) -> AsyncIterator[Chat]:
    async with visitor.connect() as chat:
        yield chat
