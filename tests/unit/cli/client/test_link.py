"""The connection's comings and goings, with sockets and a clock that the test holds."""

import asyncio

from tests.support.link_stage import STARTED, Stage, asked, complete, frame, staged, token

from millrace.cli.client.errors import Rejected, SignInNeeded, Unreachable
from millrace.cli.client.link import SocketLost
from millrace.cli.client.notices import Ended, Piece, Problem
from millrace.cli.client.shapes import StoredMessage


async def test_an_answer_goes_on_over_the_next_connection() -> None:
    async with staged() as stage:
        first = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        assert (await first.sent.get())["type"] == "chat_request"
        first.say(STARTED, token(0, "Be"))
        await stage.notices.get()
        assert await stage.notices.get() == Piece("Be")
        first.lose()
        second = await stage.sockets.get()
        assert await second.sent.get() == {"type": "chat_resume", "data": {"after_seq": 1, "turn_id": "t"}}
        second.say(token(1, "cause"), complete("Because", 3))
        assert await stage.notices.get() == Piece("cause")
        assert isinstance(await stage.notices.get(), Ended)
        assert stage.states == ["connected", "reconnecting", "connected"]


async def test_waiting_grows_and_begins_anew_after_a_good_connection() -> None:
    def away(stage: Stage) -> None:
        stage.failures += [Unreachable("x"), SocketLost("x"), Unreachable("x"), SocketLost("x")]

    async with staged(away) as stage:
        assert [await stage.slept.get() for _ in range(4)] == [1, 2, 4, 8]
        socket = await stage.sockets.get()
        socket.lose()
        assert await stage.slept.get() == 16  # one that broke at once was not good
        socket = await stage.sockets.get()
        stage.clock.advance(60)
        socket.lose()
        assert await stage.slept.get() == 1


async def test_a_server_that_says_when_to_come_back_is_obeyed() -> None:
    busy = Rejected(Problem("RATE_LIMIT", "Too many connections.", retry_after=12.0), 429)
    async with staged(lambda stage: stage.failures.append(busy)) as stage:
        stage.go_on.clear()
        assert await stage.slept.get() == 12
        assert stage.link.status.reason == "Too many connections."
        assert stage.link.status.retry_at == stage.clock.monotonic() + 12


async def test_without_a_sign_in_it_does_not_come_back() -> None:
    async with staged(lambda stage: stage.failures.append(SignInNeeded("Sign in."))) as stage:
        while not stage.states:
            await asyncio.sleep(0)
        assert (stage.link.status.state, stage.link.status.reason) == ("refused", "Sign in.")
        assert stage.sockets.empty()


async def test_an_expired_sign_in_is_renewed_without_waiting() -> None:
    async with staged() as stage:
        first = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        error = {"code": "UNAUTHORIZED", "message": "Expired.", "recoverable": False}
        first.say(frame("chat_error", error=error, request_id="r", turn_id=None))
        second = await stage.sockets.get()
        assert (await second.sent.get())["data"]["request_id"] == "r"
        assert stage.slept.empty()


async def test_an_answer_that_cannot_be_resumed_comes_from_the_store() -> None:
    async with staged() as stage:
        socket = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        stage.stored = StoredMessage("m", "s", "t", "assistant", "Because", "complete")
        error = {"code": "NO_ACTIVE_STREAM", "message": "Over.", "recoverable": False}
        socket.say(STARTED, frame("chat_error", error=error))
        await stage.notices.get()
        ended = await stage.notices.get()
        assert isinstance(ended, Ended)
        assert ended.text == "Because"


async def test_who_leaves_is_told_nothing_more_but_the_stop_still_goes_out() -> None:
    async with staged() as stage:
        first = await stage.sockets.get()
        await stage.link.begin(asked(), stage.notices.put_nowait)
        first.say(STARTED)
        await stage.notices.get()
        stage.go_on.clear()
        first.lose()
        await stage.slept.get()
        await stage.link.stop()
        stage.link.leave()
        stage.go_on.set()
        second = await stage.sockets.get()
        assert [(await second.sent.get())["type"] for _ in range(2)] == ["chat_resume", "chat_stop"]
        second.say(token(0, "Be"))
        await stage.link.begin(asked(), stage.notices.put_nowait)
        assert (await second.sent.get())["type"] == "chat_request"
        assert stage.notices.empty()
