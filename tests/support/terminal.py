"""A program in a pseudo-terminal: typed at as by a person, read as a person reads it, from the screen.

async with terminal("chat", "--url", server.url, state=tmp_path) as chat:
    await chat.until("> ")
    chat.type("Hello\\r")
    await chat.until("stopped")
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pexpect
from tests.support.screen import Screen
from tests.support.server import clean_environment, command

LIMIT_S = 30.0
CONTROL_C, CONTROL_D = "\x03", "\x04"


class Terminal:
    """What runs in the terminal, and its screen."""

    def __init__(self, child: "pexpect.spawn[str]", screen: Screen) -> None:
        self._child = child
        self.screen = screen

    def type(self, keys: str) -> None:
        """Press keys; Enter is `\\r`."""
        self._child.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(columns, rows)
        self._child.setwinsize(rows, columns)

    @property
    def text(self) -> str:
        """Everything on the screen and above it, wrapped lines put together by a blank."""
        return "\n".join(self.screen.lines())

    async def until(self, wanted: str | Callable[[str], bool], limit_s: float = LIMIT_S) -> str:
        """Wait until a text is on the screen, or until it is as a test says; returns all that is there."""
        holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        end = time.monotonic() + limit_s
        while not holds(self.text):
            alive = await asyncio.to_thread(self._read)
            if not holds(self.text) and (not alive or time.monotonic() > end):
                raise AssertionError(f"{wanted!r} did not appear; the screen has:\n{self.text}")
        return self.text

    async def exit_code(self, limit_s: float = LIMIT_S) -> int:
        """Wait until the program has ended."""
        end = time.monotonic() + limit_s
        while await asyncio.to_thread(self._read):
            assert time.monotonic() < end, f"it did not end; the screen has:\n{self.text}"
        await asyncio.to_thread(self._child.wait)
        code = self._child.exitstatus
        assert code is not None, f"it was ended by signal {self._child.signalstatus}"
        return code

    def _read(self) -> bool:
        """Show what was written, if anything is within a short time; whether more may come."""
        try:
            self.screen.write(self._child.read_nonblocking(65_536, timeout=0.2))
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            return False
        return True


@asynccontextmanager
async def terminal(
    *arguments: str,
    state: Path,
    columns: int = 80,
    rows: int = 24,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Terminal]:
    """Run a command of `millrace` in a terminal; `state` is where it keeps what it remembers."""
    screen = Screen(columns, rows)
    program, *rest = command(*arguments)
    additions = {
        "XDG_STATE_HOME": str(state),
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",  # the screen answers no questions
        **(environment or {}),
    }
    child = pexpect.spawn(
        program, rest, env=clean_environment(additions), dimensions=(rows, columns), encoding="utf-8", cwd=str(state)
    )
    child.delaybeforesend = None
    try:
        yield Terminal(child, screen)
    finally:
        await asyncio.to_thread(child.close, True)
