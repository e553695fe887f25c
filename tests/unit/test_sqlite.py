import sqlite3
import threading
import time
from pathlib import Path

import pytest

from millrace.sqlite import use_wal


def connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)


def test_connections_that_ask_for_it_together_all_get_it(tmp_path: Path) -> None:
    """Without patience one of them is refused, in most of the rounds."""
    for number in range(20):
        together = threading.Barrier(4)
        modes: list[str] = []

        def ask(path: Path = tmp_path / f"{number}.db", together: threading.Barrier = together) -> None:
            connection = connected(path)
            together.wait()
            use_wal(connection.execute, 5)
            modes.append(connection.execute("PRAGMA journal_mode").fetchone()[0])  # noqa: B023 - joined in this round
            connection.close()

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert modes == ["wal"] * 4


def test_a_file_that_stays_locked_is_given_up_on(tmp_path: Path) -> None:
    holder = connected(tmp_path / "held.db")
    holder.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        use_wal(sqlite3.connect(tmp_path / "held.db", timeout=0).execute, 0.05)
    assert time.monotonic() - began >= 0.05


def test_what_patience_does_not_help_with_is_raised_at_once(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is no database, however often one asks." * 50)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        use_wal(connected(tmp_path / "text.db").execute, 60)
