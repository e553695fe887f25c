"""Waiting for an answer ends with it, with the client or with the server, whichever is first."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.app import running_app, small_settings
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.model.commands import StartTurn
from millrace.model.errors import Overloaded
from millrace.model.events import TurnCompleted
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.server.compose import Ports
from millrace.server.services import services_of
from millrace.server.whole_turns import ClientGone, whole_turn

ANA = Principal("ana", "guest")


async def test_whichever_is_first(tmp_path: Path) -> None:
    provider = ScriptedProvider()
    async with running_app(small_settings(tmp_path), Ports(models=ScriptedDirectory(provider))) as app:
        services = services_of(app)
        await services.store.create_user(User("ana", "guest", "Ana", 0))
        incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        turn = await services.engine.start(StartTurn(message="Hi", stop_unwatched=True), ANA)
        call = await provider.next_call()
        waiting = asyncio.create_task(whole_turn(services, turn, ANA, incoming.get))
        incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        incoming.put_nowait({"type": "http.disconnect"})
        with pytest.raises(ClientGone):
            await waiting
        async with asyncio.timeout(10):
            await call.closed.wait()

        turn = await services.engine.start(StartTurn(message="Hi"), ANA)
        call = await provider.next_call()
        waiting = asyncio.create_task(whole_turn(services, turn, ANA, incoming.get))
        call.finish()
        assert isinstance((await waiting)[-1].event, TurnCompleted)

        turn = await services.engine.start(StartTurn(message="Hi"), ANA)
        services.stopping.set()
        with pytest.raises(Overloaded):
            await whole_turn(services, turn, ANA)
        assert services.engine.status().followers == 0
