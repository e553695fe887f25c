"""A wall clock of a server that can be set wrong, where there is a C compiler to build what goes between."""

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")
_OFFSET = struct.Struct("d")


class WrongClock:
    """The wall clock of every process that is started with `environment`.

    Args:
        folder: Where the library and the offset are kept.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        offset = folder / "clock"
        offset.write_bytes(_OFFSET.pack(0.0))
        with offset.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), _OFFSET.size)
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(offset)}

    @classmethod
    def build(cls, folder: Path) -> "WrongClock | None":
        """Make one, or none where nothing compiles it."""
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        library = folder / "clock.so"
        done = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], capture_output=True, check=False
        )
        return cls(folder, library) if done.returncode == 0 else None

    def set(self, seconds: float) -> None:
        """Let it be wrong by so much."""
        self._offset[:] = _OFFSET.pack(seconds)

    def close(self) -> None:
        """Give the file back."""
        self._offset.close()
