"""The processes of compose.yaml without Docker: Redis, PostgreSQL, three Millrace servers and nginx.

    python examples/cluster/local.py [--port 8000] [--database-url postgresql://...]

Everything is in a temporary folder and gone at the end (Ctrl-C). It prints the process id of each server; kill one in
the middle of an answer. PostgreSQL refuses to run as root: give `--database-url` of one that runs already then.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVERS = 3
START_S = 120.0
_PLACES = (os.environ.get("PATH", ""), "/usr/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))))
_MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""


def program(name: str) -> str:
    """Where a program is."""
    found = shutil.which(name, path=os.pathsep.join(_PLACES))
    if found is None:
        sys.exit(f"{name} is not on this machine.")
    return found


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(
    stack: ExitStack, command: Sequence[str], port: int, *, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a program that is stopped at the end, and wait until it listens."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL)

    def stop() -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGINT if "postgres" in command[0] else signal.SIGTERM)
        process.wait()

    stack.callback(stop)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{command[0]} ended with {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return process
    sys.exit(f"{command[0]} does not listen.")


def start_database(stack: ExitStack, folder: Path) -> str:
    """Make and start a PostgreSQL; its address."""
    port, data = free_port(), str(folder / "postgresql")
    made = ["--no-sync", "--auth=trust", "--username=millrace", "--encoding=UTF8", data]
    subprocess.run([program("initdb"), *made], check=True, stdout=subprocess.DEVNULL)
    start(stack, [program("postgres"), "-D", data, "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"], port)
    return f"postgresql://millrace@127.0.0.1:{port}/postgres"


def start_nginx(stack: ExitStack, folder: Path, port: int, servers: Sequence[int]) -> None:
    """Start nginx with the site of this folder in front of the servers."""
    site = (HERE / "nginx.conf").read_text(encoding="utf-8").replace("listen 80;", f"listen 127.0.0.1:{port};")
    for number, server in enumerate(servers, 1):
        site = site.replace(f"millrace-{number}:8000", f"127.0.0.1:{server}")
    (folder / "site.conf").write_text(site, encoding="utf-8")
    shutil.copy(HERE.parent / "nginx" / "millrace-proxy.conf", folder)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(user + _MAIN.format(folder=folder), encoding="utf-8")
    start(stack, [program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)], port)


def main() -> None:
    """Start everything, say where, and wait for Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--database-url")
    given = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="millrace-cluster-")))
        redis = free_port()
        start(stack, [program("redis-server"), "--port", str(redis), "--save", "", "--dir", str(folder)], redis)
        shared = {
            "MILLRACE_REDIS_URL": f"redis://127.0.0.1:{redis}",
            "MILLRACE_DATABASE_URL": given.database_url or start_database(stack, folder),
            "MILLRACE_DATA_DIR": str(folder / "data"),
            "MILLRACE_PUBLIC_URL": f"http://127.0.0.1:{given.port}",
            "MILLRACE_TRUSTED_PROXIES": "127.0.0.1",
        }
        ports = [free_port() for _ in range(SERVERS)]
        for port in ports:
            command = [sys.executable, "-m", "millrace.cli", "serve", "--port", str(port)]
            server = start(stack, command, port, environment=shared)
            print(f"server {server.pid} on http://127.0.0.1:{port}", flush=True)
        start_nginx(stack, folder, given.port, ports)
        print(f"Ready at http://127.0.0.1:{given.port}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping", flush=True)


if __name__ == "__main__":
    main()
