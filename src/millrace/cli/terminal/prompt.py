"""The line in which questions are typed."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from millrace.cli.client.errors import SignInNeeded
from millrace.cli.terminal.commands import HELP

_OWNER_ONLY = 0o600


class _Commands(Completer):
    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002 - the library's signature
        typed = document.text
        if typed.startswith("/") and " " not in typed:
            for name, meaning in HELP:
                if name.startswith(typed):
                    yield Completion(name.split()[0], -len(typed), display=name, display_meta=meaning)


class Prompt:
    """Reads lines; remembers them in a file that only its owner may read.

    Args:
        history: The file; nothing is remembered beyond this run where it cannot be written.
        status: What to show at the right, on every drawing of the line.
    """

    def __init__(self, history: Path, status: Callable[[], str]) -> None:
        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=_Commands(),
            complete_while_typing=True,
            key_bindings=_keys(),
            rprompt=lambda: "" if self._session.app.is_done else status(),  # not on lines that stay
            reserve_space_for_menu=4,
        )

    async def line(self) -> str:
        """What was typed.

        Raises:
            EOFError: Ctrl-D was pressed.
            KeyboardInterrupt: Ctrl-C was pressed, and there was nothing it could have erased.
        """
        message: StyleAndTextTuples = [("bold fg:ansicyan", "> ")]
        # Ctrl-C is a key here; the signal stays with whoever handles it while answers stream.
        return await self._session.prompt_async(message, handle_sigint=False)

    def redraw(self) -> None:
        """What `status` says has changed."""
        if self._session.app.is_running:
            self._session.app.invalidate()


class TerminalPerson:
    """Implements `AskPerson` at a terminal."""

    async def email(self, default: str) -> str:
        """The address, with the last one to begin with."""
        return (await self._ask("Email: ", default=default)).strip()

    async def password(self) -> str:
        """The password, hidden."""
        return await self._ask("Password: ", hidden=True)

    async def _ask(self, question: str, *, default: str = "", hidden: bool = False) -> str:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise SignInNeeded(
                "This server wants you to sign in: run `millrace chat` in a terminal, or give a token with --token."
            )
        session: PromptSession[str] = PromptSession()
        try:
            return await session.prompt_async(question, default=default, is_password=hidden, handle_sigint=False)
        except (EOFError, KeyboardInterrupt):
            raise SignInNeeded("Not signed in.") from None


def _history(path: Path) -> History:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=_OWNER_ONLY)
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("c-c")
    def _erase_or_leave(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
