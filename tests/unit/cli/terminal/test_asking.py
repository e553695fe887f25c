"""An exchange on a view: stopping, waiting, giving up."""

import asyncio

import pytest
from tests.support.link_stage import STARTED, FakeSocket, Stage, asked, complete, frame, staged, token

from millrace.cli.client.errors import SignInNeeded
from millrace.cli.client.link import LinkStatus
from millrace.cli.client.notices import Began, Ended, Notice, Piece, Problem, Refused
from millrace.cli.terminal.asking import PATIENCE_S, Asking, Inbox, Nudge, link_words
from millrace.stream.digest import text_digest


class RecordedView:
    def __init__(self, *, interactive: bool = True) -> None:
        self.interactive = interactive
        self.fed: list[Notice] = []
        self.statuses: list[str] = []
        self.problems: list[str] = []
        self.ends: list[Ended] = []
        self.closed = False

    def feed(self, notice: Notice) -> None:
        self.fed.append(notice)

    def paint(self, status: str) -> None:
        self.statuses.append(status)

    def end(self, ended: Ended) -> None:
        self.ends.append(ended)

    def fail(self, problem: Problem) -> None:
        self.problems.append(problem.message)

    def close(self) -> None:
        self.closed = True


class Asked:
    """An exchange that is being shown."""

    def __init__(self, stage: Stage, *, interactive: bool = True) -> None:
        self.inbox = Inbox()
        self.view = RecordedView(interactive=interactive)
        self.sessions: list[Began] = []
        asking = Asking(
            link=stage.link, view=self.view, inbox=self.inbox, clock=stage.clock, session_known=self.sessions.append
        )
        self.task = asyncio.create_task(asking.show(asked()))


async def until_text(asked: Asked) -> None:
    while not any(isinstance(notice, Piece) for notice in asked.view.fed):
        await asyncio.sleep(0)


async def begun(stage: Stage) -> tuple[Asked, FakeSocket]:
    socket = await stage.sockets.get()
    shown = Asked(stage)
    await socket.sent.get()
    socket.say(STARTED, token(0, "Be"))
    await until_text(shown)
    return shown, socket


async def test_an_answer_from_its_beginning_to_its_end() -> None:
    async with staged() as stage:
        shown, socket = await begun(stage)
        socket.say(token(1, "cause"), complete("Because", 3))
        ended = await shown.task
        assert isinstance(ended, Ended)
        assert shown.view.ends == [ended]
        assert [notice.text for notice in shown.view.fed if isinstance(notice, Piece)] == ["Be", "cause"]
        assert [began.session_id for began in shown.sessions] == ["s"]
        assert shown.view.statuses[0] == "thinking..."
        assert shown.view.closed


async def test_ctrl_c_stops_the_answer() -> None:
    async with staged() as stage:
        shown, socket = await begun(stage)
        shown.inbox.put(Nudge.INTERRUPT)
        assert (await socket.sent.get())["type"] == "chat_stop"
        socket.say(
            frame("chat_cancelled", seq=2, partial_message="Be", tokens_generated=1,
                  digest=text_digest("Be"), cancelled_by="user")
        )  # fmt: skip
        ended = await shown.task
        assert isinstance(ended, Ended)
        assert ended.status == "cancelled"


async def test_ctrl_c_twice_waits_no_longer() -> None:
    async with staged() as stage:
        shown, socket = await begun(stage)
        shown.inbox.put(Nudge.INTERRUPT)
        await socket.sent.get()
        shown.inbox.put(Nudge.INTERRUPT)
        assert await shown.task is None
        assert "Not waiting any longer" in shown.view.problems[0]


async def test_ctrl_c_while_the_server_is_away_waits_no_longer() -> None:
    async with staged() as stage:
        shown, socket = await begun(stage)
        stage.go_on.clear()
        socket.lose()
        await stage.slept.get()
        shown.inbox.put(Nudge.INTERRUPT)
        assert await shown.task is None


async def test_what_is_refused_is_told() -> None:
    async with staged() as stage:
        socket = await stage.sockets.get()
        shown = Asked(stage)
        await socket.sent.get()
        error = {"code": "RATE_LIMIT", "message": "Too fast.", "recoverable": True}
        socket.say(frame("chat_error", error=error, request_id="r", turn_id=None))
        assert isinstance(await shown.task, Refused)
        assert shown.view.problems == ["Too fast."]


@pytest.mark.parametrize("interactive", [True, False])
async def test_a_person_waits_as_long_as_they_like_and_a_script_does_not(interactive: bool) -> None:
    async with staged() as stage:
        stage.go_on.clear()
        (await stage.sockets.get()).lose()
        await stage.slept.get()
        shown = Asked(stage, interactive=interactive)
        shown.inbox.put(Nudge.LINK)
        await asyncio.sleep(0)
        while len(shown.view.statuses) < 1:
            await asyncio.sleep(0)
        stage.clock.advance(PATIENCE_S + 1)
        shown.inbox.put(Nudge.LINK)
        if interactive:
            shown.inbox.put(Nudge.INTERRUPT)
        assert await shown.task is None
        assert ("has been away" in shown.view.problems[0]) is not interactive


async def test_who_was_signed_out_is_told_before_asking() -> None:
    async with staged(lambda stage: stage.failures.append(SignInNeeded("Sign in again."))) as stage:
        while stage.link.status.state != "refused":
            await asyncio.sleep(0)
        shown = Asked(stage)
        assert await shown.task is None
        assert shown.view.problems == ["Sign in again."]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (LinkStatus("connected"), ""),
        (LinkStatus("connecting"), "connecting..."),
        (LinkStatus("reconnecting", 103.2), "reconnecting in 4 s..."),
        (LinkStatus("reconnecting", 99.0), "reconnecting..."),
        (LinkStatus("reconnecting", 101.0, "Too many connections"), "reconnecting in 1 s (Too many connections)..."),
        (LinkStatus("refused", reason="Sign in."), "Sign in."),
    ],
)
def test_the_connection_in_words(status: LinkStatus, words: str) -> None:
    assert link_words(status, 100.0) == words
