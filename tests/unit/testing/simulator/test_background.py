"""Responses that are taken up again and cancelled, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from millrace.testing.simulator import Simulator


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{simulator.base_url}/") as http:
        yield http


def body(**more: Any) -> dict[str, Any]:
    return {"model": "sim?tokens=5", "input": "hi", "stream": True, "background": True, **more}


def resumed(after: object, name: str = "resp_sim_1") -> str:
    return f"responses/{name}?stream=true&starting_after={after}"


async def test_the_rest_of_a_response(http: httpx2.AsyncClient, simulator: Simulator) -> None:
    whole = (await http.post("responses", json=body())).text.split("\n\n")
    rest = (await http.get(resumed(4))).text.split("\n\n")
    assert rest == whole[5:]
    first, second = await simulator.settled()
    assert (second.path, second.model, second.finished) == ("/v1/responses/resp_sim_1", first.model, True)


async def test_a_response_that_was_cancelled(http: httpx2.AsyncClient, simulator: Simulator) -> None:
    await http.post("responses", json=body())
    cancelled = await http.post("responses/resp_sim_1/cancel")
    assert (cancelled.json()["id"], cancelled.json()["status"]) == ("resp_sim_1", "cancelled")
    assert (await http.get(resumed(4))).status_code == 404
    assert [request.path for request in await simulator.settled()][1] == "/v1/responses/resp_sim_1/cancel"


async def test_only_what_was_made_in_the_background_is_kept(http: httpx2.AsyncClient) -> None:
    await http.post("responses", json=body(background=False))
    await http.post("responses", json=body(model="sim?fault=429"))
    for name in ("resp_sim_1", "resp_sim_2", "resp_sim_9", "other"):
        assert (await http.get(resumed(4, name))).status_code == 404
        assert (await http.post(f"responses/{name}/cancel")).status_code == 404


@pytest.mark.parametrize("query", ["", "?stream=true&starting_after=x", "?starting_after=1"])
async def test_a_question_that_cannot_be_read(http: httpx2.AsyncClient, query: str) -> None:
    await http.post("responses", json=body())
    assert (await http.get(f"responses/resp_sim_1{query}")).status_code == 400
