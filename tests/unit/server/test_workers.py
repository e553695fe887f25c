"""Several processes that serve one port, with workers that only answer who they are."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LIMIT_S = 30.0
PROGRAM = """
    import os, socket, sys, threading, time

    from millrace.server.workers import Life, WorkerFailed, Workers


    def work(life: Life, listener: socket.socket, fails: str) -> None:
        if os.path.exists(fails):
            sys.exit(7)
        # As the server does it: end when the parent ends.
        threading.Thread(target=lambda: (life.parent.poll(None), os._exit(0)), daemon=True).start()
        listener.listen()
        life.ready()
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(str(os.getpid()).encode())
                time.sleep(0.05)


    if __name__ == "__main__":
        listener = socket.create_server(("127.0.0.1", 0))
        try:
            Workers(work, (listener, sys.argv[1]), 2).run(lambda: print(listener.getsockname()[1], flush=True))
        except WorkerFailed as error:
            sys.exit(error.code)
"""


class Site:
    """The parent, and what answers at its port."""

    def __init__(self, folder: Path) -> None:
        self.fails = folder / "fails"
        program = folder / "program.py"
        program.write_text(textwrap.dedent(PROGRAM))
        self.process = subprocess.Popen([sys.executable, program, self.fails], stdout=subprocess.PIPE, text=True)

    def ready(self) -> None:
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def worker(self) -> int:
        """The id of one that answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S) as connection:
            return int(connection.recv(64))

    def until_workers(self, gone: set[int]) -> set[int]:
        """Two workers, none of them of those that are to go."""
        end = time.monotonic() + LIMIT_S
        seen: set[int] = set()
        while len(seen - gone) < 2:
            assert time.monotonic() < end
            seen.add(self.worker())
        return seen - gone

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pids: set[int]) -> bool:
    end = time.monotonic() + LIMIT_S
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_workers_are_started_again_replaced_and_stopped(site: Site) -> None:
    site.ready()
    first = site.until_workers(set())
    os.kill(min(first), signal.SIGKILL)
    second = site.until_workers({min(first)})
    assert max(first) in second
    site.process.send_signal(signal.SIGHUP)
    third = site.until_workers(first | second)
    assert gone(first | second)
    site.fails.touch()
    site.process.send_signal(signal.SIGHUP)
    assert site.worker() in third, "where the next one does not start, the last one goes on"
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(LIMIT_S) == 0
    assert gone(third)


def test_workers_end_with_their_parent(site: Site) -> None:
    site.ready()
    workers = site.until_workers(set())
    site.process.kill()
    assert gone(workers)


def test_one_that_cannot_start_ends_all(site: Site) -> None:
    site.fails.touch()
    assert site.process.wait(LIMIT_S) == 7
