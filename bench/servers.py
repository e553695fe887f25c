"""The servers that are measured. Another one is another entry in `SERVERS`."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from tests.support.postgresql import postgresql_server
from tests.support.redis import redis_server

from bench.process import ROOT, Child, Cores, pinned, run_to_end

BINARIES = Path(sys.executable).parent
USER = "bench"
JWT_SECRET = "a secret for the bench, which guards nothing"
MANY = "1000000"
SETTINGS = {
    "MILLRACE_JWT_SECRET": JWT_SECRET,
    "MILLRACE_DISCOVER_LOCAL": "false",
    "MILLRACE_GENERATION__MAX_TOKENS": MANY,
    "MILLRACE_GENERATION__GENERATION_TIMEOUT_S": "600",
    "MILLRACE_LIMITS__CONNECTIONS_PER_USER": MANY,
    "MILLRACE_LIMITS__TURNS_PER_MINUTE": MANY,
    "MILLRACE_LIMITS__STREAMS_PER_MINUTE": MANY,
    "MILLRACE_LIMITS__FRAMES_PER_SECOND": MANY,
    "MILLRACE_STUDY__FREE_CHATS_PER_MONTH": "0",
}
"""The load is one user, who does what limits are there to forbid; all else is as it comes."""


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How to start a server; in the command `{upstream}` is the feed's base URL and `{data}` an empty folder."""

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    product: bool = False
    """True for Millrace: it wants a user's token, and names models `provider/model`."""
    services: bool = False
    """Whether a Redis and a PostgreSQL are started for it; such a server is measured where it is asked for by name."""


def _yardstick(name: str, title: str) -> ServerSpec:
    return ServerSpec(name, title, (sys.executable, "-m", f"bench.yardsticks.{name}", "--upstream", "{upstream}"))


def _millrace(log: str) -> ServerSpec:
    command = (str(BINARIES / "millrace"), "serve", "--port", "0", "--data-dir", "{data}")
    return ServerSpec(log, f"millrace, {log} log", command, {"MILLRACE_LOG": log} | SETTINGS, product=True)


def _several() -> ServerSpec:
    """Millrace as it runs in several processes, though it is one here."""
    spec = _millrace("redis")
    return replace(spec, title="millrace, Redis log, PostgreSQL", services=True)


SERVERS: tuple[ServerSpec, ...] = (
    _yardstick("floor", "floor: uvloop, picows"),
    _millrace("memory"),
    _millrace("sqlite"),
    _yardstick("usual", "usual: FastAPI, openai SDK"),
    _several(),
)
FLOOR, MEMORY, SQLITE, USUAL, REDIS = (spec.name for spec in SERVERS)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that is ready for the load."""

    child: Child
    address: str
    url: str
    """Of its WebSocket, credentials included."""
    model: str
    user: str | None


def issue_token(cores: Cores) -> str:
    """Have Millrace issue a token for the bench's user; it is good for every Millrace that the bench starts.

    Raises:
        BenchError: Millrace issues none.
    """
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as data:
        command = [str(BINARIES / "millrace"), "token", "--user", USER, "--data-dir", data]
        return run_to_end("millrace token", command, cores.others, extra=SETTINGS, folder=Path(data)).decode().strip()


@contextmanager
def running(spec: ServerSpec, upstream: str, token: str, cores: Cores) -> Iterator[RunningServer]:
    """Start a server on its core, on an empty data folder, and stop it at the end.

    Raises:
        BenchError: it does not start.
    """
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory(prefix="millrace-bench-"))
        command = [part.format(upstream=upstream, data=data) for part in spec.command]
        environment = {"OPENAI_BASE_URL": upstream, "OPENAI_API_KEY": "bench", **spec.environment}
        if spec.services:
            with pinned(cores.others):
                environment["MILLRACE_REDIS_URL"] = stack.enter_context(redis_server()).url
                environment["MILLRACE_DATABASE_URL"] = stack.enter_context(postgresql_server())
        # Millrace runs in a folder without a millrace.toml: the settings of this checkout are not the bench's.
        folder = Path(data) if spec.product else ROOT
        child = Child(spec.title, command, cores.server, environment, folder)
        try:
            address = child.address()
            url = f"ws{address.removeprefix('http')}/api/ws/chat"
            if spec.product:
                yield RunningServer(child, address, f"{url}?token={quote(token)}", "openai/sim", USER)
            else:
                yield RunningServer(child, address, url, "sim", None)
        finally:
            child.stop()
