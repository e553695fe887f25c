from pathlib import Path

from bench import workloads
from bench.machine import Machine
from bench.plot import draw
from bench.process import Cores
from bench.results import Results, Sample
from bench.servers import FLOOR, SQLITE

MACHINE = Machine.here(Cores.divide([0]))


def test_a_picture_of_what_there_is(tmp_path: Path) -> None:
    samples = [
        Sample(name, workloads.PACED, 0, {"cpu_us_per_token": value}) for name, value in ((FLOOR, 18), (SQLITE, 40))
    ]
    draw(tmp_path / "plot.png", Results.of(samples), MACHINE)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_no_picture_of_nothing(tmp_path: Path) -> None:
    draw(tmp_path / "plot.png", Results.of([]), MACHINE)
    assert not (tmp_path / "plot.png").exists()
