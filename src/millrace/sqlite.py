"""What every SQLite file of ours needs when it is opened."""

import sqlite3
import time
from collections.abc import Callable

_PAUSE_S = 0.005


def use_wal(execute: Callable[[str], object], patience_s: float) -> None:
    """Put a database into WAL mode, in which readers and the writer do not wait for each other.

    Where two connections make that change to a new file together, SQLite refuses one of them at once instead of waiting
    as long as its time-out says, because both hold the file for reading already.

    Args:
        execute: Executes a statement on the connection.
        patience_s: How long to try, in seconds.

    Raises:
        sqlite3.OperationalError: The file stayed locked, or cannot be written.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
