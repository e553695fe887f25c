"""A Redis server for the tests: its own port, no files of anybody's, gone when they end.

with redis_server() as redis:
    RedisAddress.parse(redis.url)

`redis.stop()` and `redis.start()` are an outage that loses everything, unless it is `durable`; `redis.pause()` and
`redis.go_on()` one that loses nothing.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 20.0
_SLOTS = 16384


def redis_program() -> str | None:
    """Where the program of the Redis server is."""
    return shutil.which("redis-server") or shutil.which("redis-server", path="/usr/local/bin:/opt/homebrew/bin")


class RedisServer:
    """A server on a port of its own; the same one after it was started again."""

    def __init__(self, *, cluster: bool = False, durable: bool = False) -> None:
        self.port = _free_port()
        self.cluster = cluster
        self.durable = durable
        self._folder = tempfile.TemporaryDirectory(prefix="millrace-redis-")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as Millrace takes it."""
        return f"redis{'+cluster' if self.cluster else ''}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with what it has on disk where it is durable, else empty."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder.name]
        options += ["--appendonly", "yes" if self.durable else "no"]
        if self.cluster:
            options += ["--cluster-enabled", "yes", "--cluster-port", str(_free_port())]
        self.start_with(*options)

    def start_with(self, *options: str) -> None:
        """Start it with options of the program's own."""
        program = redis_program()
        assert program is not None
        self._process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait(time.monotonic() + START_S)
        except BaseException:
            self.stop()
            raise

    def _wait(self, deadline: float) -> None:
        """Until it answers."""
        while True:
            try:
                if self.command("PING").startswith(b"+PONG"):
                    break
            except OSError:
                assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.02)
        if self.cluster:
            self.command("CLUSTER", "ADDSLOTSRANGE", "0", str(_SLOTS - 1))
            while b"cluster_state:ok" not in self.command("CLUSTER", "INFO"):
                assert time.monotonic() < deadline, "the cluster did not start"
                time.sleep(0.02)

    def stop(self) -> None:
        """Let it die at once; unless it is durable, it forgets everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Lose what it has on disk. It does not run."""
        assert self._process is None
        shutil.rmtree(Path(self._folder.name, "appendonlydir"), ignore_errors=True)

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._folder.cleanup()

    def pause(self) -> None:
        """Let it answer nobody; connections stay open."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def command(self, *words: str) -> bytes:
        """Send a command; the beginning of what it answers, as it is on the wire."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_S) as connection:
            parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{parts}".encode())
            return connection.recv(65536)


@contextmanager
def redis_server(*, cluster: bool = False, durable: bool = False) -> Iterator[RedisServer]:
    """Run a server.

    `cluster` makes it a cluster of one, which refuses scripts that touch keys of several slots; one that is `durable`
    writes down whatever it is told, and knows it after a restart.
    """
    server = RedisServer(cluster=cluster, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def sentinel_group(service: str) -> Iterator[tuple[str, RedisServer]]:
    """Run a master, a replica of it and a Sentinel that watches both; gives the group's address and the master."""
    with redis_server() as master, redis_server() as replica, tempfile.TemporaryDirectory() as folder:
        replica.command("REPLICAOF", "127.0.0.1", str(master.port))
        deadline = time.monotonic() + START_S
        while b"master_link_status:up" not in replica.command("INFO", "replication"):
            assert time.monotonic() < deadline, "the replica did not follow"
            time.sleep(0.02)
        sentinel = RedisServer()
        lines = [
            f"port {sentinel.port}",
            "bind 127.0.0.1",
            f"sentinel monitor {service} 127.0.0.1 {master.port} 1",
            f"sentinel down-after-milliseconds {service} 300",
            f"sentinel failover-timeout {service} 2000",
        ]
        configuration = Path(folder, "sentinel.conf")
        configuration.write_text("\n".join(lines), encoding="utf-8")
        sentinel.start_with(str(configuration), "--sentinel", "--dir", folder)
        try:
            while b"slave0:" not in master.command("INFO", "replication") or b",slaves=1," not in sentinel.command(
                "INFO", "sentinel"
            ):
                assert time.monotonic() < deadline, "the Sentinel did not find the replica"
                time.sleep(0.02)
            yield f"redis+sentinel://127.0.0.1:{sentinel.port}/{service}", master
        finally:
            sentinel.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
