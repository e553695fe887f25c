"""Signals reach those who listen, and no one else."""

from millrace.logs.signals import SignalSinks
from millrace.model.turns import Signal


def test_listening_begins_and_ends() -> None:
    sinks, heard = SignalSinks(), list[Signal]()
    listening = sinks.add(heard.append)
    sinks.give(Signal("t", "start"))
    listening.close()
    listening.close()
    sinks.give(Signal("t", "cancel"))
    assert heard == [Signal("t", "start")]
