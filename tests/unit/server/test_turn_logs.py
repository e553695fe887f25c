"""Which log the settings mean."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.support.clock import ManualClock

from millrace.logs.memory import MemoryLog
from millrace.logs.sqlite import SqliteLog
from millrace.model.errors import LogUnavailable
from millrace.server.settings import Settings
from millrace.server.turn_logs import open_turn_logs


@pytest.mark.parametrize(("name", "kind"), [("memory", MemoryLog), ("sqlite", SqliteLog)])
async def test_the_log_of_the_settings_is_opened(tmp_path: Path, name: str, kind: type) -> None:
    async with AsyncExitStack() as stack:
        settings = Settings.model_validate({"data_dir": tmp_path, "log": name})
        logs = await open_turn_logs(settings, ManualClock(), stack)
        assert isinstance(logs.log, kind)
        await logs.ready()


async def test_a_redis_that_is_not_there_is_said(tmp_path: Path) -> None:
    shared = {"redis_url": "redis://127.0.0.1:1", "database_url": "postgresql://host/name"}
    settings = Settings.model_validate({"data_dir": tmp_path, **shared})
    async with AsyncExitStack() as stack:
        with pytest.raises(LogUnavailable, match="Redis does not answer"):
            await open_turn_logs(settings, ManualClock(), stack)
