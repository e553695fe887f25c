"""One conversation, or one question, in the terminal: what `millrace chat` does."""

import asyncio
import io
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from msgspec import Struct
from rich.console import Console
from rich.text import Text

from millrace.cli.client.api import Api, Web
from millrace.cli.client.credentials import sign_in
from millrace.cli.client.link import Link
from millrace.cli.client.notices import Ended
from millrace.cli.client.shapes import User
from millrace.cli.client.socket import dialer
from millrace.cli.client.vault import Vault, default_folder
from millrace.cli.terminal.asking import Asking, Inbox, Nudge
from millrace.cli.terminal.clean import one_line
from millrace.cli.terminal.conversation import Conversation
from millrace.cli.terminal.markdown import THEME
from millrace.cli.terminal.plain_view import PlainView
from millrace.cli.terminal.program import Program, view_for
from millrace.cli.terminal.prompt import TerminalPerson
from millrace.ops.clock import SystemClock

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


class Options(Struct, frozen=True):
    """What was asked for on the command line."""

    url: str
    token: str | None
    session: str | None
    model: str | None
    thinking: bool
    message: str | None


async def talk(options: Options) -> int:
    """Talk until the person leaves, or until the one question is answered; returns the exit code.

    Raises:
        ClientError: The server cannot be reached, or lets nobody in.
    """
    console = Console(theme=THEME, highlight=False, markup=False, emoji=False)
    vault = Vault(default_folder())
    async with Web(options.url) as web:
        credential, user = await sign_in(web, vault, TerminalPerson(), options.token)
        api = Api(web, credential)
        conversation = Conversation(session_id=options.session, model=options.model, thinking=options.thinking)
        inbox = Inbox()
        clock = SystemClock()
        moved = _Moved(inbox)
        link = Link(
            server=api, dial=dialer(web), clock=clock, sleep=asyncio.sleep, chance=random.random, changed=moved.tell
        )
        if options.message is not None:
            with _interrupts(inbox):
                async with _running(link):
                    return await _ask_once(options.message, console, link, inbox, conversation)
        program = Program(
            console=console,
            api=api,
            link=link,
            inbox=inbox,
            clock=clock,
            conversation=conversation,
            history=default_folder() / "chat-history",
        )
        moved.program = program
        await _welcome(console, api, options, user, vault)
        with _interrupts(inbox):
            async with _running(link):
                await program.run()
    return 0


class _Moved:
    """Tells whoever must know that the connection's state has changed."""

    def __init__(self, inbox: Inbox) -> None:
        self.program: Program | None = None
        self._inbox = inbox

    def tell(self) -> None:
        self._inbox.put(Nudge.LINK)
        if self.program is not None:
            self.program.link_changed()


async def _ask_once(message: str, console: Console, link: Link, inbox: Inbox, conversation: Conversation) -> int:
    if console.is_terminal:
        view = view_for(console)
    else:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a character that the pipe's encoding lacks ends no answer
        view = PlainView(sys.stdout, sys.stderr)
    asking = Asking(link=link, view=view, inbox=inbox, clock=SystemClock(), session_known=conversation.began)
    ended = await asking.show(conversation.ask(message))
    if isinstance(ended, Ended) and ended.status == "complete":
        return 0
    stopped = ended is None or (isinstance(ended, Ended) and ended.status == "cancelled")
    return INTERRUPTED if stopped else 1


async def _welcome(console: Console, api: Api, options: Options, user: User, vault: Vault) -> None:
    models = await api.models()
    model = options.model or models.default
    console.print(Text(f"Millrace at {options.url} · {one_line(user.name) or 'signed in'} · {one_line(model)}", "dim"))
    console.print(Text("/help lists the commands, Ctrl-C stops an answer, Ctrl-D leaves.", "dim"))
    if vault.failure is not None:
        console.print(Text(vault.failure, "yellow"))
    console.print()


@asynccontextmanager
async def _running(link: Link) -> AsyncIterator[None]:
    """Keep the connection up meanwhile."""
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(link.run())
            try:
                yield
            finally:
                task.cancel()
    except BaseExceptionGroup as errors:
        if len(errors.exceptions) == 1:
            raise errors.exceptions[0] from None
        raise


@contextmanager
def _interrupts(inbox: Inbox) -> Iterator[None]:
    """Ctrl-C is something that happens, and no exception."""
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(inbox.put, Nudge.INTERRUPT))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
