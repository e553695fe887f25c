"""The simulator as a program: how it ends, and what it says when it cannot begin."""

import asyncio
import signal
import socket
import sys
import time

import pytest
from tests.unit.testing.simulator.raw import LIMIT, chat, posting, read_head

from millrace.testing.simulator.service import serve


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_at_once_and_cleanly(number: signal.Signals) -> None:
    command = (sys.executable, "-m", "millrace.testing", "--port", "0")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT):
        url = (await process.stdout.readline()).decode().strip()
        async with posting(url, chat("sim?fault=hang_first")) as (reader, _):
            await read_head(reader)
            began = time.monotonic()
            process.send_signal(number)
            output, errors = await process.communicate()
    assert (process.returncode, output, errors) == (0, b"", b"")
    assert time.monotonic() - began < LIMIT


async def test_a_default_that_cannot_be_read_is_explained() -> None:
    command = (sys.executable, "-m", "millrace.testing", "--behaviour", "tokns=1")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(LIMIT):
        _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"Did you mean 'tokens'?" in errors
    assert b"Traceback" not in errors


def test_an_address_that_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
        serve(taken.getsockname()[1], "127.0.0.1", "", lambda simulator: pytest.fail(simulator.url))
