"""The chat at a terminal: reads a line, does what it says, until the user leaves."""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from millrace.cli.client.api import Api
from millrace.cli.client.errors import ClientError
from millrace.cli.client.exchange import Exchange
from millrace.cli.client.link import Link
from millrace.cli.client.notices import Ended, Piece, Problem, Thought, ThoughtOver
from millrace.cli.client.shapes import SessionDetail, StoredMessage, StoredSession, Story
from millrace.cli.options import DEFAULT_URL
from millrace.cli.terminal.asking import Asking, Inbox, link_words
from millrace.cli.terminal.clean import one_line
from millrace.cli.terminal.commands import HELP, Command, Unknown, parse
from millrace.cli.terminal.conversation import Conversation, choose_model
from millrace.cli.terminal.live_view import LiveView
from millrace.cli.terminal.plain_view import PlainView
from millrace.cli.terminal.prompt import Prompt
from millrace.cli.terminal.thinking import story_lines
from millrace.cli.terminal.view import View
from millrace.ports import Clock

SHOWN_MESSAGES = 6
"""How much of a conversation is shown when it is opened."""


class Program:
    """The interactive chat.

    Args:
        console: Where everything is shown.
        api: Sessions and models.
        link: The connection.
        inbox: What happens while an answer streams.
        clock: The time.
        conversation: What to begin with.
        history: The file of the lines that were typed.
    """

    def __init__(
        self,
        *,
        console: Console,
        api: Api,
        link: Link,
        inbox: Inbox,
        clock: Clock,
        conversation: Conversation,
        history: Path,
    ) -> None:
        self._console = console
        self._api = api
        self._link = link
        self._inbox = inbox
        self._clock = clock
        self._conversation = conversation
        self._prompt = Prompt(history, self._link_words)
        self._listed: list[StoredSession] = []
        self._signed_out = False
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "/new": self._new,
            "/sessions": self._sessions,
            "/open": self._open,
            "/models": self._models,
            "/model": self._model,
            "/thinking": self._thinking,
            "/steps": self._steps,
            "/retry": self._retry,
            "/help": self._help,
        }

    def link_changed(self) -> None:
        """The connection's state is another one: the prompt shows it."""
        self._prompt.redraw()

    def _link_words(self) -> str:
        status = self._link.status
        return "" if status.state == "connecting" else link_words(status, self._clock.monotonic())

    async def run(self) -> None:
        """Serve the user until they leave."""
        if self._conversation.session_id is not None:
            await self._guarded(self._open, self._conversation.session_id)
        warned = False
        while True:
            try:
                line = await self._prompt.line()
            except EOFError:
                break
            except KeyboardInterrupt:
                if warned:
                    break
                warned = True
                self._note("Ctrl-C once more, or Ctrl-D, leaves.")
                continue
            warned = False
            if await self._obey(parse(line)):
                break
        if self._conversation.session_id is not None:
            url = self._api.web.url
            where = "" if url == DEFAULT_URL else f"--url {url} "
            self._note(f"Go on later with: millrace chat {where}--session {self._conversation.session_id}")

    async def _obey(self, line: Command | Unknown | str) -> bool:
        """Do what a line says; whether it says to leave."""
        match line:
            case Command(name="/quit"):
                return True
            case Command(name=name, argument=argument):
                await self._guarded(self._commands[name], argument)
            case Unknown(hint=hint):
                self._note(hint)
            case str() if line:
                await self._show(self._conversation.ask(line))
            case _:
                pass
        return False

    async def _guarded(self, work: Callable[[str], Awaitable[None]], argument: str) -> None:
        try:
            await work(argument)
        except ClientError as error:
            self._console.print(Text(error.message, "red"))

    async def _show(self, exchange: Exchange) -> None:
        view = view_for(self._console)
        asking = Asking(
            link=self._link,
            view=view,
            inbox=self._inbox,
            clock=self._clock,
            session_known=self._conversation.began,
        )
        self._console.print()
        ended = await asking.show(exchange)
        if isinstance(ended, Ended):
            self._conversation.ended(ended)
        self._console.print()

    # --- commands -----------------------------------------------------------------------------------

    async def _new(self, _: str) -> None:
        self._conversation.renew()
        self._note("A new conversation.")

    async def _sessions(self, _: str) -> None:
        self._listed = await self._api.sessions()
        if not self._listed:
            self._note("There are no conversations yet: ask something.")
            return
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(justify="right", style="cyan", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        table.add_column(style="dim", no_wrap=True)
        for number, session in enumerate(self._listed, 1):
            current = " (open)" if session.id == self._conversation.session_id else ""
            title = one_line(session.title) or "Untitled"
            table.add_row(
                str(number),
                Text(title + current),
                f"{local_time(session.updated_at)} · {session.message_count} messages",
            )
        self._console.print(table)
        self._note("/open N opens one.")

    async def _open(self, wanted: str) -> None:
        if not wanted:
            self._note("Say which: /open 2 opens the second of /sessions.")
            return
        session_id = wanted
        if wanted.isdigit() and len(wanted) < 4:
            if not self._listed:
                self._listed = await self._api.sessions()
            if not 1 <= int(wanted) <= len(self._listed):
                self._note(f"There is no conversation {wanted}. /sessions lists them.")
                return
            session_id = self._listed[int(wanted) - 1].id
        detail = await self._api.session(session_id)
        running = self._conversation.opened(detail)
        self._show_history(detail)
        if running is not None:
            self._question(detail.running[0].user_message.content)
            await self._show(running)

    async def _models(self, _: str) -> None:
        models = await self._api.models()
        for name in models.names:
            mark = "*" if name == (self._conversation.model or models.default) else " "
            self._console.print(Text(f"{mark} ", "cyan").append(one_line(name), "none"))
        self._note("* is asked. /model NAME asks another one.")

    async def _model(self, wanted: str) -> None:
        models = await self._api.models()
        if wanted:
            chosen = choose_model(wanted, models.names)
            if chosen is None:
                self._note(f"{one_line(wanted)} is not the name of one model. /models lists them.")
                return
            self._conversation.model = chosen
        self._note(f"{one_line(self._conversation.model or models.default)} is asked.")

    async def _thinking(self, _: str) -> None:
        self._conversation.thinking = not self._conversation.thinking
        shown = "shown" if self._conversation.thinking else "no longer shown"
        self._note(f"The model's reasoning is {shown} from the next question on.")

    async def _steps(self, _: str) -> None:
        last = self._conversation.last
        if last is None or last.session_id is None or last.message_id is None:
            self._note("There is no answer yet.")
            return
        detail = await self._api.session(last.session_id)
        found = [message.story for message in detail.messages if message.id == last.message_id]
        lines = list(story_lines(found[0])) if found else []
        for line in lines:
            self._console.print(Padding(line, (0, 0, 0, 2)))
        if not lines:
            self._note("It was answered at once: there are no steps.")

    async def _retry(self, _: str) -> None:
        exchange = self._conversation.retry()
        if exchange is None:
            self._note("Nothing was asked yet.")
            return
        await self._show(exchange)

    async def _help(self, _: str) -> None:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="cyan", no_wrap=True)
        table.add_column()
        for name, meaning in HELP:
            table.add_row(name, meaning)
        table.add_row("Ctrl-C", "stop the answer; at the prompt, erase the line")
        table.add_row("Alt-Enter", "begin a new line of the question")
        self._console.print(table)

    # --- what is shown ------------------------------------------------------------------------------

    def _show_history(self, detail: SessionDetail) -> None:
        self._console.print(Text(one_line(detail.session.title) or "Untitled", "bold"))
        earlier = detail.session.message_count - min(len(detail.messages), SHOWN_MESSAGES)
        if earlier > 0:
            self._note(f"... {earlier} earlier messages")
        for message in detail.messages[-SHOWN_MESSAGES:]:
            self._message(message)
        self._console.print()

    def _message(self, message: StoredMessage) -> None:
        if message.role == "user":
            self._question(message.content)
            return
        self._console.print()
        view = view_for(self._console)
        with contextlib.closing(view):
            if self._conversation.thinking:
                _think_again(view, message.story)
            view.feed(Piece(message.content))
            problem = None if message.error is None else Problem(message.error.code, message.error.message)
            view.end(
                Ended(
                    status=message.status,
                    session_id=message.session_id,
                    message_id=message.id,
                    text=message.content,
                    metadata=message.metadata or {},
                    problem=problem,
                )
            )

    def _question(self, text: str) -> None:
        self._console.print()
        self._console.print(Text("> ", "bold cyan").append(one_line(text), "none"))

    def _note(self, text: str) -> None:
        self._console.print(Text(text, "dim"))


def _think_again(view: View, story: Story) -> None:
    """Show how a stored answer came about, as it was shown live."""
    for step in story.reasoning_steps:
        view.feed(Thought(step.type, step.content, step.confidence))
    if story.reasoning_time_ms is not None:
        view.feed(ThoughtOver(story.reasoning_time_ms, len(story.reasoning_steps)))


def local_time(iso: str) -> str:
    """A time of the server as the clock on the wall shows it here."""
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return one_line(iso)


def view_for(console: Console) -> View:
    """How answers are shown on this console."""
    if console.is_terminal and not console.is_dumb_terminal and not console.legacy_windows:
        return LiveView(console)
    return PlainView(console.file, console.file)
