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
from contextlib import contextmanager
from pathlib import Path

START_S = 60
"""Seconds until a server that was started must answer. It takes two on an idle machine."""


def postgresql_program(name: str) -> str | None:
    """Where a program of the PostgreSQL server is: on PATH or where Debian keeps it."""
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(debian))


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run a server; gives the URL of an empty database in it."""
    folder = Path(tempfile.mkdtemp(prefix="millrace-postgresql-"))
    data = str(folder / "data")
    run = _runner(folder)
    port = _free_port()
    # Nothing here outlives the tests, so nothing needs to reach the disk.
    options = f"-p {port} -k {folder} -h 127.0.0.1 -F"
    try:
        run("initdb", ["--no-sync", "--auth=trust", "--username=millrace", "--encoding=UTF8", "--locale=C.UTF-8", data])
        run("pg_ctl", ["start", "-D", data, "-w", "-t", str(START_S), "-l", str(folder / "log"), "-o", options])
        try:
            yield f"postgresql://millrace@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", ["stop", "-D", data, "-w", "-m", "immediate"])
    finally:
        shutil.rmtree(folder)


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
