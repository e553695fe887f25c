"""The provider for Ollama by its own protocol, which tells a model whether to think, and streams lines of JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec
from typing_extensions import override

from millrace.model.generation import GenerationRequest, ModelInfo
from millrace.providers import failures
from millrace.providers.body_stream import BodyStream
from millrace.providers.failures import Call, Refusal
from millrace.providers.http import HttpClient
from millrace.providers.http_provider import LISTING_S, HttpProvider
from millrace.providers.listings import model_info
from millrace.providers.ollama_body import OllamaBody
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

DEFAULT_BUDGET = 8192
"""Tokens for thinking where nothing is set; the server has one limit for thinking and answer together."""
_MAX_REMEMBERED = 1000


class OllamaProvider(HttpProvider):
    """A `Provider` for one base URL.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is; an `/api` or `/v1` at its end is left out.
        api_key: The operator's key, for a server behind a proxy that asks for one.
        http: The shared HTTP; its owner closes it.
        thinking_budget: Tokens by which the limit of an answer grows where the model is asked to think; 0 for never
            asking, -1 or none for a usual amount.
        max_event_bytes: The longest line that is accepted, in bytes.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        api_key: str | None,
        http: HttpClient,
        *,
        thinking_budget: int | None = None,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        address = base_url.rstrip("/").removesuffix("/v1").removesuffix("/api")
        super().__init__(name, address, api_key, http, max_event_bytes=max_event_bytes)
        self._budget = DEFAULT_BUDGET if thinking_budget is None or thinking_budget < 0 else thinking_budget
        self._thoughtless: set[str] = set()  # models that were found not to know of thinking

    @override
    async def models(self) -> Sequence[ModelInfo]:
        """The models that `GET /api/tags` lists, in its order.

        Raises:
            MillraceError: It does not answer, or refuses.
        """
        call = Call(self.name, secret=self._api_key)
        listing = await self._http.get(call, f"{self._base_url}/api/tags", _headers(self._api_key), limit_s=LISTING_S)
        return listed_models(self.name, listing)

    @override
    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request, without thinking where the model turns out not to know of it.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """
        url, headers = f"{self._base_url}/api/chat", _headers(request.api_key or self._api_key)
        headers["Content-Type"] = "application/json"
        knows = request.model not in self._thoughtless
        answer = await self._http.stream(call, url, headers, encode_request(request, self._budget, knows=knows))
        if isinstance(answer, Refusal) and knows and answer.status == 400 and "think" in answer.words:
            if len(self._thoughtless) < _MAX_REMEMBERED:
                self._thoughtless.add(request.model)
            answer = await self._http.stream(call, url, headers, encode_request(request, self._budget, knows=False))
        if isinstance(answer, Refusal):
            raise failures.refused(call, answer)
        return answer

    @override
    def _body(self, call: Call, request: GenerationRequest) -> OllamaBody:
        return OllamaBody(call, self._max_event_bytes)


def encode_request(request: GenerationRequest, budget: int, *, knows: bool) -> bytes:
    """The JSON body of a call.

    Args:
        request: What is asked.
        budget: Tokens by which the limit grows for thinking; 0 for none.
        knows: Whether the model may know of thinking; then it is told whether to think.
    """
    thinks = knows and request.reasoning and budget > 0
    options: dict[str, Any] = {"num_predict": request.max_tokens + (budget if thinks else 0)}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "stream": request.stream,
        "options": options,
    }
    if request.logprobs:
        body["logprobs"] = True
    if knows:
        body["think"] = thinks
    return msgspec.json.encode(body)


def listed_models(provider: str, listing: Any) -> tuple[ModelInfo, ...]:
    """The models of `GET /api/tags` in its order, each once; empty where it is none."""
    items = listing.get("models") if isinstance(listing, dict) else None
    found = {
        name: _info(provider, name, item)
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(name := item.get("model") or item.get("name"), str) and name
    }
    return tuple(found.values())


def _info(provider: str, name: str, item: dict[str, Any]) -> ModelInfo:
    details = item.get("details")
    info = model_info(provider, name, details if isinstance(details, dict) else None)
    abilities = item.get("capabilities")
    if not isinstance(abilities, list):
        return info
    thinks = msgspec.structs.replace(info.capabilities, reasoning="thinking" in abilities)
    return msgspec.structs.replace(info, capabilities=thinks)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/x-ndjson"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers
