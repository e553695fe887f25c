"""The refusals' words."""

from millrace.testing.simulator.behaviour import Fault
from millrace.testing.simulator.faults import REFUSALS, SECRET, STREAM_ERROR


def test_every_refusal_carries_the_bait() -> None:
    assert all(SECRET in refusal.message for refusal in (*REFUSALS.values(), STREAM_ERROR))


def test_a_fault_that_is_a_number_has_that_status() -> None:
    numbers = {fault for fault in Fault if fault.value.isdigit()}
    assert numbers <= REFUSALS.keys()
    assert all(REFUSALS[fault].status == int(fault) for fault in numbers)
