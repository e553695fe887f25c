"""A PostgreSQL server for the tests: its own files, its own port, gone when they end.

with postgresql_server() as url:
    store = await SqlStore.open(url)
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

START_S = 60
"""Seconds until a server that was started must answer. It takes two on an idle machine."""


def postgresql_program(name: str) -> str | None:
    """Where a program of the PostgreSQL server is: on PATH or where Debian keeps it."""
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(debian))


class PostgresqlServer:
    """A server on a port and in a folder of its own; the same one, with its data, after it was started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._run = _runner(folder)
        self._port = _free_port()
        self._stopped: list[psutil.Process] = []
        options = ["--no-sync", "--auth=trust", "--username=millrace", "--encoding=UTF8", "--locale=C.UTF-8"]
        self._run("initdb", [*options, str(self._data)])

    @property
    def url(self) -> str:
        """Its empty database, as Millrace takes it."""
        return f"postgresql://millrace@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        # Nothing here outlives the tests, so nothing needs to reach the disk.
        options = f"-p {self._port} -k {self._folder} -h 127.0.0.1 -F"
        log = str(self._folder / "log")
        self._run("pg_ctl", ["start", "-D", str(self._data), "-w", "-t", str(START_S), "-l", log, "-o", options])

    def stop(self) -> None:
        """Let it die at once; what was committed is there when it starts again."""
        self.go_on()
        self._run("pg_ctl", ["stop", "-D", str(self._data), "-w", "-m", "immediate"])

    def pause(self) -> None:
        """Let it answer nobody; connections stay open."""
        server = int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        self._stopped = [psutil.Process(server), *psutil.Process(server).children()]
        for process in self._stopped:
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def go_on(self) -> None:
        """Let it answer again."""
        for process in self._stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        self._stopped = []


@contextmanager
def postgresql_process() -> Iterator[PostgresqlServer]:
    """Run a server that can be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="millrace-postgresql-"))
    try:
        server = PostgresqlServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run a server; gives the URL of an empty database in it."""
    with postgresql_process() as server:
        yield server.url


def _runner(folder: Path) -> Callable[[str, Sequence[str]], None]:
    """Runs programs in `folder`; as somebody else where we are root, which the server refuses to be."""
    user: str | None = None
    if os.geteuid() == 0:
        user = next(name for name in ("postgres", "nobody") if _exists(name))
        shutil.chown(folder, user)

    def run(name: str, arguments: Sequence[str]) -> None:
        program = postgresql_program(name)
        assert program is not None
        with (folder / f"{name}.out").open("w+", encoding="utf-8") as output:  # no pipe: the server would keep it open
            done = subprocess.run(
                [program, *arguments],
                cwd=folder,
                user=user,
                extra_groups=None if user is None else [],
                stdout=output,
                stderr=output,
                timeout=START_S + 30,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, f"{name}: {output.read()}"

    return run


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
