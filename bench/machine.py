"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

from bench.process import Cores

PACKAGES = ("uvloop", "picows", "aiohttp", "msgspec", "fastapi", "uvicorn", "openai", "sqlalchemy")


class Machine(msgspec.Struct, frozen=True):
    """The machine and the versions that matter for the figures."""

    processor: str
    cores: int
    cores_shared: bool
    """The server under test shares its only core with feed and load."""
    memory_gib: float
    system: str
    python: str
    packages: dict[str, str]
    load_average: float
    """Of one minute, when the bench began: what else the machine was doing."""

    @classmethod
    def here(cls, cores: Cores) -> "Machine":
        """Describe this machine."""
        return cls(
            processor=_processor(),
            cores=len(cores.server | cores.others),
            cores_shared=cores.shared,
            memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            packages={name: version(name) for name in PACKAGES},
            load_average=round(os.getloadavg()[0], 2),
        )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
