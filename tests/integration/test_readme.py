"""Every command of the README runs, in its order within a block, against servers on free ports.

What `make` targets do is proved where they are made; here they must exist.
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.support.server import clean_environment

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
START_S = 40.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Shell:
    """A person at a terminal: exports last for the block, servers go on in the background."""

    def __init__(self, folder: Path, ports: dict[str, str], stack: ExitStack) -> None:
        self.folder = folder
        self.ports = ports
        self.stack = stack
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = clean_environment(
            {
                "PATH": path,
                "HOME": str(folder),
                "MILLRACE_DATA_DIR": str(folder / "data"),
                "MILLRACE_PORT": ports["8000"],
            }
        )

    def run(self, command: str) -> str:
        for known, free in self.ports.items():
            command = command.replace(f":{known}", f":{free}").replace(f"--port {known}", f"--port {free}")
        if command.startswith("make "):
            command, folder = command.replace("make ", "make -n ", 1), ROOT
        else:
            folder = self.folder
        if re.match(r"millrace (serve|simulate)\b", command):
            self.stack.enter_context(self.background(command))
            return ""
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.environment[name] = self.run(f"printf %s {value}") if "$(" in value else value
            return ""
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # The address that the text makes up does not answer, and the doctor must say so.
        expected = 1 if command == "millrace doctor" else 0
        assert done.returncode == expected, f"{command!r} failed: {done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def background(self, command: str) -> Iterator[None]:
        arguments = shlex.split(command)
        if arguments[1] == "serve":
            arguments += ["--port", self.ports["8000"]]
            ready = f"http://127.0.0.1:{self.ports['8000']}/healthz"
        else:
            ready = f"http://127.0.0.1:{self.ports['9100']}/v1/models"
        with subprocess.Popen(arguments, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL) as process:
            try:
                wait_for(ready, process)
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + START_S
    while time.monotonic() < limit:
        assert process.poll() is None, "it ended before it answered"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def commands(block: str) -> list[str]:
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][:40])
def test_the_commands_run(block: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        shell = Shell(tmp_path, {"8000": str(free_port()), "9100": str(free_port())}, stack)
        if "curl" in block or "millrace chat" in block:
            shell.run("millrace serve")
        for command in commands(block):
            written = shell.run(
                command.replace("millrace chat", f"millrace chat --url http://127.0.0.1:{shell.ports['8000']}")
            )
            if "Who built" in command:
                assert "Ada Brook" in written
            if "/api/v1/chat" in command:
                assert '"message"' in written
            if command == "millrace doctor":
                assert "openai" in written
            if "What is a turn" in command:
                assert "log" in written


def test_what_the_readme_shows_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / target).exists(), target
