"""The simulator as a process of its own: its first line, its price, its end with the context."""

import asyncio
import time

import aiohttp
import psutil
from tests.unit.testing.simulator.raw import chat, post, posting, read_head

from millrace.testing.simulator import expected_text, simulator_process


async def test_it_answers_and_ends_with_its_context() -> None:
    async with simulator_process("tokens=3") as simulator:
        assert (await post(simulator.url, chat("sim"))).text == expected_text("sim?tokens=3")
        assert psutil.pid_exists(simulator.pid)
    assert not psutil.pid_exists(simulator.pid)


async def test_a_reset_is_a_reset_on_its_event_loop_too() -> None:
    async with simulator_process() as simulator:
        answer = await post(simulator.url, chat("sim?tokens=20&fault=cut&after=5"))
        assert (answer.ended, answer.text) == ("reset", expected_text("sim?tokens=5"))


async def test_a_client_that_leaves_is_noticed_at_once() -> None:
    async with simulator_process() as simulator, aiohttp.ClientSession() as session:
        async with posting(simulator.url, chat("sim?fault=hang_first")) as (reader, _):
            await read_head(reader)
            left_at = time.time()
        async with session.get(f"{simulator.url}/_requests", params={"settled_within": "5"}) as response:
            (request,) = await response.json()
        assert request["closed_by"] == "client"
        assert request["closed_at"] - left_at < 0.1


async def test_ten_thousand_tokens_a_second_fit_on_one_core() -> None:
    streams, tokens = 100, 100
    async with simulator_process() as simulator:
        process = psutil.Process(simulator.pid)
        await post(simulator.url, chat(f"sim?tokens={tokens}"))
        before = process.cpu_times()
        began = time.monotonic()
        model = f"sim?tokens={tokens}&interval_ms=10"
        answers = await asyncio.gather(*(post(simulator.url, chat(model)) for _ in range(streams)))
        lasted = time.monotonic() - began
        after = process.cpu_times()
    assert {answer.text for answer in answers} == {expected_text(f"sim?tokens={tokens}")}
    assert lasted >= (tokens - 1) * 0.01 - 0.002
    per_token = (after.user + after.system - before.user - before.system) / (streams * tokens)
    assert per_token < 100e-6, f"{per_token * 1e6:.0f} microseconds of CPU per token"
