"""A fault that does not happen proves nothing: the disk is full, the clock is wrong, and every round has its chance."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chaos.__main__ import Plan
from chaos.clock import WrongClock
from chaos.disk import small_disk
from chaos.faults import FAULTS
from chaos.results import NEEDED_TURNS
from chaos.round import TRANSPORTS
from chaos.sites import BACKENDS


def plan(turns: int, repeats: int = 0) -> Plan:
    each = {name: [fault for fault in FAULTS if name in fault.backends] for name in BACKENDS}
    return Plan(each, list(TRANSPORTS), turns, repeats, 7, 5.0, 60)  # type: ignore[arg-type]  # names of backends


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_fault_is_struck_until_there_are_answers_enough(backend: str) -> None:
    rounds = list(plan(50).rounds(backend))  # type: ignore[arg-type]  # a name of a backend
    assert len(rounds) * 50 * len(TRANSPORTS) >= NEEDED_TURNS
    names = [fault.name for fault, _ in rounds]
    assert {names.count(name) for name in names} == {len(names) // len(set(names))}
    assert len({seed for _, seed in rounds}) == len(rounds)
    once = list(plan(8, repeats=1).rounds(backend))  # type: ignore[arg-type]  # a name of a backend
    assert once == rounds[: len(once)], "the same seeds, whatever else is played"


def test_the_clock_is_wrong_for_those_who_are_given_it(tmp_path: Path) -> None:
    clock = WrongClock.build(tmp_path)
    if clock is None:
        pytest.skip("no C compiler is here")
    tell = "import datetime, time; print(time.time(), datetime.datetime.now().timestamp(), time.monotonic())"

    def told() -> list[float]:
        environment = {**os.environ, **clock.environment}
        done = subprocess.run([sys.executable, "-c", tell], env=environment, capture_output=True, text=True, check=True)
        return [float(word) for word in done.stdout.split()]

    clock.set(3600)
    wall, date, monotonic = told()
    assert abs(wall - time.time() - 3600) < 60
    assert abs(date - time.time() - 3600) < 60
    assert abs(monotonic - time.monotonic()) < 60
    clock.set(0)
    assert abs(told()[0] - time.time()) < 60
    clock.close()


def test_the_disk_is_full_until_it_is_freed(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        if not disk.mounted:
            pytest.skip("nothing may be mounted here")
        disk.fill(os.getpid())
        with pytest.raises(OSError, match="No space") as full:
            (tmp_path / "more").write_bytes(bytes(100_000))
        assert full.value.errno == errno.ENOSPC
        disk.free(os.getpid())
        (tmp_path / "more").write_bytes(bytes(100_000))
