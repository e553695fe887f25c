import asyncio
import time

import msgspec
import pytest
from openai import AsyncOpenAI

from millrace.testing.simulator import API_KEY, Behaviour, BehaviourError, Simulator
from millrace.testing.simulator.stamps import open_stamp, set_time


def test_the_time_is_set_in_every_stamp_and_the_length_stays() -> None:
    data = msgspec.json.encode([open_stamp(0), open_stamp(41)])
    stamped = set_time(data, 123_456_789)
    assert msgspec.json.decode(stamped) == ["0:0000000000123456 ", "41:0000000000123456 "]
    assert len(stamped) == len(data)


def test_stamps_and_split_exclude_each_other() -> None:
    with pytest.raises(BehaviourError, match="leave one out"):
        Behaviour.read("stamped=true&split=3")


@pytest.mark.parametrize("streams", [True, False])
async def test_tokens_say_when_they_were_sent(streams: bool) -> None:
    async with Simulator.start() as simulator, AsyncOpenAI(base_url=simulator.base_url, api_key=API_KEY) as client:
        before = time.monotonic_ns() // 1000
        text = await answer(client, "sim?stamped=true&tokens=6&interval_ms=5&chunk=2", streams)
        after = time.monotonic_ns() // 1000
    stamps = [tuple(map(int, stamp.split(":"))) for stamp in text.split()]
    indices, times = zip(*stamps, strict=True)
    assert indices == (0, 1, 2, 3, 4, 5)
    assert before <= times[0] <= times[-1] <= after
    assert list(times) == sorted(times)
    assert len(set(times)) == (3 if streams else 1), "tokens of one write have one time"


async def answer(client: AsyncOpenAI, model: str, streams: bool) -> str:
    async with asyncio.timeout(10):
        if not streams:
            whole = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}])
            return whole.choices[0].message.content or ""
        pieces = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in pieces])
