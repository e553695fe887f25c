"""A Millrace server in a process of its own, on a free port, with nothing of the developer's settings.

    with running_server(tmp_path / "data") as server:
        httpx2.get(server.url + "/healthz")

`environment` adds settings (`{"OPENAI_BASE_URL": simulator_url + "/v1", "OPENAI_API_KEY": "sim"}`), `options` are
those of `millrace serve`. `server.stop()` is SIGTERM, `server.kill()` is SIGKILL; what it wrote is `server.messages()`.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = "Millrace is ready at "
START_S = 60.0
STOP_S = 20.0


@dataclass(frozen=True)
class RunningServer:
    """A server that has said that it is ready."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[str]"
    stderr: Path

    @property
    def ws_url(self) -> str:
        """Where its WebSockets are."""
        return self.url.replace("http://", "ws://")

    def stop(self) -> int:
        """Ask it to stop, as a supervisor does; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def kill(self) -> None:
        """Let it die at once, without any chance to tidy up."""
        self.process.kill()
        self._gone()

    def _gone(self) -> int:
        code = self.process.wait(STOP_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def messages(self) -> str:
        """All that it wrote to standard error."""
        return self.stderr.read_text(encoding="utf-8")


@contextmanager
def running_server(
    data_dir: Path, *, environment: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[RunningServer]:
    """Start a server, give it once it is ready, and stop it afterwards if that is still to do."""
    server = start_server(data_dir, environment=environment, options=options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def start_server(
    data_dir: Path,
    *,
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    program: Sequence[str] = (),
) -> RunningServer:
    """Start a server and wait for its ready line; the caller stops it.

    `program` stands in for `millrace serve`; it takes the same port and data folder, and says the same.

    Raises:
        AssertionError: It did not become ready; the message says what it wrote.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    stderr = data_dir / f"stderr-{time.monotonic_ns()}.txt"
    with stderr.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [*(program or command("serve")), "--port", "0", "--data-dir", str(data_dir), *options],
            env=clean_environment(environment),
            cwd=None if program else data_dir,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    line = _first_line(process)
    if not line.startswith(READY):
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        raise AssertionError(f"the server did not start; it wrote {line!r} and {stderr.read_text(encoding='utf-8')}")
    return RunningServer(line.removeprefix(READY).strip(), data_dir, process, stderr)


def run_millrace(
    *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command of `millrace` to its end."""
    return subprocess.run(
        command(*arguments),
        env=clean_environment(environment),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


def command(*arguments: str) -> list[str]:
    """The command line of `millrace` in this interpreter."""
    return [sys.executable, "-W", "error::ResourceWarning", "-m", "millrace.cli", *arguments]


def clean_environment(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without anybody's settings and keys, and with `additions`.

    Model servers on this machine are not looked for: a test must not find the developer's.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MILLRACE_") and not name.endswith(("_API_KEY", "_BASE_URL"))
    }
    return {**kept, "MILLRACE_DISCOVER_LOCAL": "false", **(additions or {})}


def _first_line(process: "subprocess.Popen[str]") -> str:
    """What the process writes first, or nothing where it ends or takes too long."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline() if selector.select(START_S) else ""
