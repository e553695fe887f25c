"""How probable tokens were is read in every shape, and asked for again without it where it is refused."""

import math
from typing import Any

import pytest
from tests.unit.providers.calls import collect, text

from millrace.model.generation import Delta, GenerationRequest, PromptMessage, TextPiece, TokensScored
from millrace.providers.chat_body import ChatBody
from millrace.providers.config import ProviderConfig
from millrace.providers.failures import Call, Refusal
from millrace.providers.gemini_body import GeminiBody
from millrace.providers.gemini_request import Habits as GeminiHabits
from millrace.providers.gemini_request import adapted as gemini_adapted
from millrace.providers.gemini_request import encode_request as gemini_request
from millrace.providers.http import HttpClient
from millrace.providers.http_provider import AnswerBody
from millrace.providers.kinds import make_provider
from millrace.providers.logprobs import probabilities_of, score
from millrace.providers.ollama import encode_request as ollama_request
from millrace.providers.ollama_body import OllamaBody
from millrace.providers.openai_request import Habits, adapted, encode_request
from millrace.providers.responses_request import ResponsesHabits
from millrace.providers.responses_request import adapted as responses_adapted
from millrace.providers.responses_request import encode_request as responses_request
from millrace.providers.responses_wire import ResponsesDecoder
from millrace.testing.simulator import API_KEY, Simulator, expected_text

CALL = Call("acme", "m")
LIMIT = 1 << 20
ASKED = GenerationRequest(model="m", messages=(PromptMessage("user", "Hi"),), logprobs=True)


@pytest.mark.parametrize(
    ("said", "probabilities"),
    [
        ({"content": [{"token": "a", "logprob": 0.0}, {"token": "b", "logprob": math.log(0.5)}]}, (1.0, 0.5)),
        ([{"logprob": math.log(0.25)}], (0.25,)),
        ({"tokens": ["a"], "token_logprobs": [math.log(0.5), None]}, (0.5,)),
        ({"chosenCandidates": [{"token": "a", "logProbability": -9999.0}]}, (0.0,)),
        ([{"logprob": 3}], (1.0,)),
        ([{"logprob": "high"}, {"logprob": True}, {"logprob": math.nan}, 7, {}], ()),
        ({"content": None}, ()),
        (None, ()),
        ("x", ()),
    ],
)
def test_shapes(said: Any, probabilities: tuple[float, ...]) -> None:
    assert probabilities_of(said) == pytest.approx(probabilities)


def test_only_text_is_scored() -> None:
    out: list[Delta] = []
    score([{"logprob": 0.0}], out)
    assert out == []


@pytest.mark.parametrize(
    ("body", "stream"),
    [
        (
            ChatBody(CALL, LIMIT),
            b'data: {"choices":[{"delta":{"content":"Yes."},"logprobs":{"content":[{"logprob":0.0}]}}]}\n\n',
        ),
        (
            ChatBody(CALL, LIMIT, ResponsesDecoder(CALL)),
            b'data: {"type":"response.output_text.delta","delta":"Yes.","logprobs":[{"logprob":0.0}]}\n\n',
        ),
        (
            GeminiBody(CALL, LIMIT),
            b'data: {"candidates":[{"content":{"parts":[{"text":"Yes."}]},'
            b'"logprobsResult":{"chosenCandidates":[{"logProbability":0.0}]}}]}\n\n',
        ),
        (OllamaBody(CALL, LIMIT), b'{"message":{"content":"Yes."},"logprobs":[{"logprob":0.0}]}\n'),
    ],
    ids=["chat", "responses", "gemini", "ollama"],
)
def test_every_wire_that_has_them(body: AnswerBody, stream: bytes) -> None:
    assert body.feed(stream) == [TextPiece("Yes."), TokensScored((1.0,))]


def test_requests_ask_until_they_are_refused() -> None:
    refusal = Refusal(400, words="logprobs is not supported with this model")
    habits = adapted(Habits(), refusal)
    assert habits == Habits(logprobs=False)
    assert b"logprobs" in encode_request(ASKED, Habits())
    assert b"logprobs" not in encode_request(ASKED, Habits(logprobs=False))
    assert responses_adapted(ResponsesHabits(), refusal) == ResponsesHabits(logprobs=False)
    assert b"logprobs" in responses_request(ASKED, ResponsesHabits())
    assert b"logprobs" not in responses_request(ASKED, ResponsesHabits(logprobs=False))
    assert gemini_adapted(GeminiHabits(), Refusal(400, words="Logprobs is not enabled for models/m")) == GeminiHabits(
        logprobs=False
    )
    assert b"responseLogprobs" in gemini_request(ASKED, GeminiHabits())
    assert b"responseLogprobs" not in gemini_request(ASKED, GeminiHabits(logprobs=False))
    assert b"logprobs" in ollama_request(ASKED, 0, knows=False)


@pytest.mark.parametrize("stream", [True, False])
async def test_the_simulator_gives_them(stream: bool) -> None:
    http = HttpClient()
    async with Simulator.start() as simulator:
        provider = make_provider(ProviderConfig("sim", "openai", simulator.base_url, API_KEY), http)
        model = "sim?tokens=5&logprob=-0.5"
        request = GenerationRequest(model=model, messages=ASKED.messages, logprobs=True, stream=stream)
        deltas, _ = await collect(provider, request)
        assert text(deltas) == expected_text(model)
        scored = [p for delta in deltas if isinstance(delta, TokensScored) for p in delta.probabilities]
        assert scored == pytest.approx([math.exp(-0.5)] * 5)
    await http.close()
