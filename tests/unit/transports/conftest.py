"""A bench for connections."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.chat_bench import ChatBench, chat_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[ChatBench]:
    async with chat_bench(tmp_path) as bench:
        yield bench
