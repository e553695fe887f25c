"""The same scenarios in every protocol, by real processes: what is heard is the same text, whatever is spoken."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.support.chat_client import LIMIT_S, Visitor, digest
from tests.support.journal import requests_of
from tests.support.parts_speakers import AgUiSpeaker, AiSdkSocketSpeaker, AiSdkSpeaker
from tests.support.responses_speaker import ResponsesSpeaker
from tests.support.server import start_server
from tests.support.session_speaker import SessionSpeaker
from tests.support.socketio_speakers import StudySpeaker, TokensEventsSpeaker
from tests.support.speakers import SPEAKERS as OTHERS
from tests.support.speakers import ChatSpeaker, Heard, Speaker, TokensSpeaker

from millrace.testing.simulator.process import SimulatorProcess

SPEAKERS: tuple[type[Speaker], ...] = (
    *OTHERS,
    SessionSpeaker,
    TokensEventsSpeaker,
    StudySpeaker,
    ResponsesSpeaker,
    AiSdkSpeaker,
    AiSdkSocketSpeaker,
    AgUiSpeaker,
)
EVERY = pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.name)
_told: dict[str, str] = {}
"""What a model said, in whichever protocol it was asked first: it says the same to everybody."""


@pytest.fixture
async def speaker(kind: type[Speaker], visitor: Visitor) -> AsyncIterator[Speaker]:
    async with kind.connected(visitor) as speaker:
        yield speaker


async def stored(visitor: Visitor, heard: Heard) -> tuple[str, str]:
    """The answer as it is kept: its text and its status."""
    message = (await visitor.conversation(heard.session_id))["messages"][1]
    return message["content"], message["status"]


@EVERY
async def test_a_whole_answer(speaker: Speaker, visitor: Visitor) -> None:
    model = "sim/sim?tokens=60&text=mixed&seed=11&split=3&reasoning=5"
    heard = await speaker.ask("Tell me.", model=model)
    over = await heard.ended()
    assert (over.kind, over.digest) == ("complete", digest(heard.text))
    assert over.text in (None, heard.text)
    assert await stored(visitor, heard) == (heard.text, "complete")
    assert _told.setdefault(model, heard.text) == heard.text, "another protocol says something else"


@EVERY
async def test_a_stop(speaker: Speaker, visitor: Visitor, simulator: SimulatorProcess) -> None:
    heard = await speaker.ask("Talk.", model="sim/sim?tokens=2000&interval_ms=10")
    await heard.until(5)
    asked = time.time()
    await speaker.stop(heard)
    over = await heard.ended()
    assert (over.kind, over.digest) == ("cancelled", digest(heard.text))
    assert over.text in (None, heard.text)
    assert await stored(visitor, heard) == (heard.text, "cancelled")
    [request] = await requests_of(simulator, settled_within_s=5)
    assert request.closed_at is not None
    assert request.closed_at - asked < 1.0, "the upstream connection was closed"


@EVERY
async def test_a_provider_that_fails_before_the_first_token(speaker: Speaker) -> None:
    heard = await speaker.ask("Talk.", model="sim/sim?tokens=9&fault=500")
    over = await heard.ended()
    assert (over.kind, over.code, heard.text) == ("failed", "PROVIDER_FAILURE", "")


@EVERY
async def test_a_provider_that_fails_in_the_middle(speaker: Speaker, visitor: Visitor) -> None:
    heard = await speaker.ask("Talk.", model="sim/sim?tokens=50&fault=cut&after=7")
    over = await heard.ended()
    assert (over.kind, over.code) == ("failed", "PROVIDER_FAILURE")
    assert heard.pieces
    assert over.text in (None, heard.text)
    assert await stored(visitor, heard) == (heard.text, "failed")


@EVERY
async def test_a_connection_lost_again_and_again(speaker: Speaker, visitor: Visitor) -> None:
    model = "sim/sim?tokens=150&interval_ms=3&text=mixed&seed=3"
    heard = await speaker.ask("Talk.", model=model)
    await heard.until(4)
    while heard.over is None:
        await speaker.cut()
        await speaker.open()
        await speaker.resume(heard)
        await heard.until(len(heard.pieces) + 9)
    assert (heard.over.kind, heard.over.digest) == ("complete", digest(heard.text))
    assert await stored(visitor, heard) == (heard.text, "complete")
    assert _told.setdefault(model, heard.text) == heard.text, "another protocol says something else"


@EVERY
async def test_coming_back_to_any_place_of_an_answer(speaker: Speaker) -> None:
    heard = await speaker.ask("Talk.", model="sim/sim?tokens=25&text=code&seed=4")
    over = await heard.ended()
    for place in heard.places[:-1]:
        again = heard.until_place(place)
        await speaker.resume(again)
        assert await again.ended() == over
        assert again.text == heard.text, place


@EVERY
async def test_two_who_watch_the_same(speaker: Speaker, kind: type[Speaker], visitor: Visitor) -> None:
    heard = await speaker.ask("Talk.", model="sim/sim?tokens=60&interval_ms=3&seed=8")
    await heard.until(10)
    async with kind.connected(visitor) as other:
        late = Heard(heard.turn_id, heard.session_id)
        await other.resume(late)
        assert await late.ended() == await heard.ended()
        assert late.text == heard.text


@EVERY
async def test_one_who_does_not_read_disturbs_nobody_and_misses_nothing(
    speaker: Speaker, kind: type[Speaker], visitor: Visitor
) -> None:
    session_id = (await visitor.http.post("/api/sessions")).json()["id"]
    speaker.reading.clear()
    slow = await speaker.ask("Talk.", model="sim/sim?tokens=4000&chunk=40&text=mixed&seed=9", session_id=session_id)
    async with kind.connected(visitor) as other:
        quick = Heard(await turn_of(visitor, session_id), session_id)
        await other.resume(quick)
        over = await quick.ended()
        assert (over.kind, over.digest) == ("complete", digest(quick.text))
    assert slow.over is None
    speaker.reading.set()
    assert await slow.ended() == over
    assert slow.text == quick.text


async def turn_of(visitor: Visitor, session_id: str) -> str:
    """The first turn of a conversation, running or over, waited for."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = await visitor.conversation(session_id)
            for entry in (*found["running"], *found["messages"]):
                return str(entry["turn_id"])
            await asyncio.sleep(0.01)


@EVERY
async def test_a_question_in_a_busy_conversation_waits_its_turn(speaker: Speaker, visitor: Visitor) -> None:
    first = await speaker.ask("One.", model="sim/sim?tokens=40&interval_ms=3")
    await first.until(2)
    second = await speaker.ask("Two.", model="sim/sim?tokens=3", session_id=first.session_id)
    assert (await first.ended()).kind == "complete"
    assert (await second.ended()).kind == "complete"
    conversation = await visitor.conversation(first.session_id)
    contents = [message["content"] for message in conversation["messages"]]
    assert contents == ["One.", first.text, "Two.", second.text]


async def test_a_server_that_is_stopped_and_comes_back(tmp_path: Path, environment: dict[str, str]) -> None:
    """The answer goes on where it was, for clients of every protocol at once."""
    model = "sim/sim?tokens=150&interval_ms=10&text=mixed&seed=5"
    server = start_server(tmp_path / "data", environment=environment)
    async with AsyncExitStack() as stack:
        visitor = await stack.enter_async_context(Visitor.guest(server.url))
        speakers = [await stack.enter_async_context(kind.connected(visitor)) for kind in SPEAKERS]
        heards = [await speaker.ask("Talk.", model=model) for speaker in speakers]
        for heard in heards:
            await heard.until(5)
        assert await asyncio.to_thread(server.stop) == 0
        assert "Traceback" not in server.messages()
        for heard in heards:
            await heard.leave()
        server = start_server(tmp_path / "data", environment=environment)
        stack.callback(server.stop)
        back = visitor.at(server.url)
        stack.push_async_callback(back.http.aclose)
        for speaker, heard in zip(speakers, heards, strict=True):
            await speaker.cut()
            speaker.visitor = back
            await speaker.open()
            if heard.over is None:  # else the machine was so slow that it ended before the server
                await speaker.resume(heard)
        for speaker, heard in zip(speakers, heards, strict=True):
            over = await heard.ended()
            assert (over.kind, over.digest) == ("complete", digest(heard.text))
            assert await stored(back, heard) == (heard.text, "complete")
            await speaker.cut()


async def test_an_answer_is_begun_in_one_protocol_and_goes_on_in_the_others(
    visitor: Visitor, simulator: SimulatorProcess
) -> None:
    """Begun in each, watched in the next, resumed in the one after, and stopped from there."""
    lines: list[list[type[Speaker]]] = [[TokensEventsSpeaker, TokensSpeaker, ChatSpeaker, ResponsesSpeaker]]
    lines += [[SPEAKERS[(turn + shift) % len(SPEAKERS)] for shift in range(3)] for turn in range(len(SPEAKERS))]
    for begins, *others in lines:
        async with AsyncExitStack() as stack:
            first, *rest = [await stack.enter_async_context(kind.connected(visitor)) for kind in (begins, *others)]
            asked = await first.ask("Talk.", model="sim/sim?tokens=2000&interval_ms=5")
            await asked.until(5)
            heards = [Heard(asked.turn_id, asked.session_id) for _ in rest]
            for speaker, heard in zip(rest, heards, strict=True):
                await speaker.resume(heard)
            await asyncio.gather(*(heard.until(3) for heard in heards))
            await rest[-1].stop(heards[-1])
            overs = [await heard.ended() for heard in (asked, *heards)]
            assert {over.kind for over in overs} == {"cancelled"}
            assert {over.digest for over in overs} == {digest(asked.text)}
            assert {heard.text for heard in heards} == {asked.text}
