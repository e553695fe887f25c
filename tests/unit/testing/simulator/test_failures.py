"""Faults that pass."""

from millrace.testing.simulator.behaviour import Behaviour
from millrace.testing.simulator.failures import FailureCounter

TWICE = Behaviour.read("fault=500&fail_times=2&key=a")


def test_a_fault_happens_so_often_for_each_key() -> None:
    counter = FailureCounter()
    assert [counter.apply(TWICE).fault for _ in range(4)] == ["500", "500", None, None]
    other = Behaviour.read("fault=500&fail_times=1&key=b")
    assert [counter.apply(other).fault for _ in range(2)] == ["500", None]


def test_clearing_begins_anew() -> None:
    counter = FailureCounter()
    counter.apply(TWICE)
    counter.apply(TWICE)
    counter.clear()
    assert counter.apply(TWICE) is TWICE


def test_a_fault_without_a_limit_always_happens() -> None:
    always = Behaviour.read("fault=500")
    counter = FailureCounter()
    assert all(counter.apply(always) is always for _ in range(5))
