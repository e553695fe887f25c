"""The data folder, which one process uses at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from millrace.server.settings_errors import SettingsError

LOCK_FILE = "millrace.lock"


@contextmanager
def opened_data_dir(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Make the data folder where it is missing, and where `exclusive` hold it for this process alone.

    A dead process holds nothing.

    Raises:
        SettingsError: Another process has it, or it cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_FILE, timeout=0)
        if exclusive:
            lock.acquire()
    except Timeout:
        raise SettingsError(
            [f"Another Millrace uses the data folder {folder}. Stop it, or give this one another with --data-dir."]
        ) from None
    except OSError as error:
        raise SettingsError(
            [
                f"The data folder {folder} cannot be used: {error.strerror or error}. "
                "Make it writable, or choose another with --data-dir."
            ]
        ) from None
    try:
        yield
    finally:
        lock.release()
