"""A stream counts as a connection while it lasts, whether it was asked for or found."""

import asyncio
from pathlib import Path

import pytest
from tests.support.app import running_app, small_settings
from tests.support.event_wire import Wire, Words, record
from tests.support.scripted_provider import ScriptedDirectory, ScriptedProvider

from millrace.model.commands import StartTurn
from millrace.model.errors import RateLimited
from millrace.model.messages import User
from millrace.model.principal import Principal
from millrace.server.compose import Ports
from millrace.server.event_streams import event_stream
from millrace.server.services import services_of

ANA = Principal("ana", "guest")


async def test_questions_and_turns_are_followed_and_counted(tmp_path: Path) -> None:
    provider = ScriptedProvider()
    settings = small_settings(
        tmp_path, limits={"connections_per_user": 1}, generation={"emotion_enabled": False, "token_delay_ms": 0}
    )
    async with running_app(settings, Ports(models=ScriptedDirectory(provider))) as app:
        services = services_of(app)
        await services.store.create_user(User("ana", "guest", "Ana", 0))
        stream = await event_stream(
            services, ANA, StartTurn(message="Hi", request_id="r"), Words(), closing=b": end\n\n"
        )
        with pytest.raises(RateLimited):
            await event_stream(services, ANA, StartTurn(message="Me too"), Words())
        assert services.engine.status().running == 1, "what cannot be followed is not asked"
        wire = Wire(extended=True)
        serving = asyncio.create_task(stream(wire.scope, wire.receive, wire.send))
        call = await provider.next_call()
        call.say("a", "b")
        await wire.until(record("b"))
        assert services.connections.total == 1
        services.stopping.set()
        await asyncio.wait_for(serving, 5)
        assert wire.body == record("a") + record("b") + record("STREAM_ERROR") + b": end\n\n"
        services.stopping.clear()
        assert services.connections.total == 0

        call.finish()
        turn = await services.engine.start(StartTurn(message="Hi", request_id="r"), ANA)
        again = Wire(extended=False)
        await (await event_stream(services, ANA, turn, Words(), after=1))(again.scope, again.receive, again.send)
        assert again.body == record("b") + record("TurnCompleted")
        assert services.connections.total == 0
