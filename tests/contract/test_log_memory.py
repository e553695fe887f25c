"""The memory log and registry keep the contract."""

import pytest
from tests.contract.log_contract import Backend, LogContract, ManualClock, RegistryContract, turns

from millrace.logs.memory import MemoryLog
from millrace.logs.memory_registry import MemoryRegistry

__all__ = ["turns"]


@pytest.fixture
def backend() -> Backend:
    clock = ManualClock()
    registry = MemoryRegistry(clock)
    return Backend(MemoryLog(registry, clock), registry, clock)


class TestMemoryLog(LogContract):
    pass


class TestMemoryRegistry(RegistryContract):
    pass
