"""Every wire can be asked for a whole answer, and it says what the stream says."""

import pytest
from msgspec.structs import replace
from tests.unit.providers.calls import collect, text

from millrace.model.generation import Delta, GenerationRequest, PromptMessage, ReasoningPiece, UsageReported
from millrace.providers.config import ProviderConfig
from millrace.providers.http import HttpClient
from millrace.providers.kinds import KINDS, make_provider
from millrace.testing.simulator import API_KEY, Simulator, expected_reasoning, expected_text

MODEL = "sim?tokens=40&reasoning=12&text=emoji"
ADDRESSES = {"openai": "/v1", "openai-responses": "/v1", "gemini": "/v1beta", "anthropic": "", "ollama": ""}
FAULTS = ("500", "401", "html", "empty", "cut", "truncate")


def thinking(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, ReasoningPiece))


def counted(deltas: list[Delta]) -> object:
    return [delta.usage for delta in deltas if isinstance(delta, UsageReported)][-1]


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_whole_answer_is_that_of_the_stream(kind: str) -> None:
    http = HttpClient()
    async with Simulator.start() as simulator:
        config = ProviderConfig("sim", kind, simulator.url + ADDRESSES[kind], API_KEY)
        provider = make_provider(config, http)
        request = GenerationRequest(model=MODEL, messages=(PromptMessage("user", "Hi"),), reasoning=True, stream=False)
        deltas, error = await collect(provider, request)
        assert error is None
        assert text(deltas) == expected_text(MODEL)
        assert thinking(deltas).strip() == expected_reasoning(MODEL).strip()
        streamed, _ = await collect(provider, replace(request, stream=True))
        assert deltas[-1] == streamed[-1]
        assert counted(deltas) == counted(streamed)
        for fault in FAULTS:
            broken = replace(request, model=f"sim?fault={fault}")
            deltas, error = await collect(provider, broken)
            assert (error is not None, text(deltas)) == (True, ""), fault
    await http.close()
