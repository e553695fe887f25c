"""The provider for Anthropic's Messages API and the services that speak it too."""

from collections.abc import Sequence

from typing_extensions import override

from millrace.model.generation import GenerationRequest, ModelInfo
from millrace.providers import failures
from millrace.providers.anthropic_events import known_refusal
from millrace.providers.anthropic_models import ClaudeModel, claude_info, claude_model, listed_models
from millrace.providers.anthropic_request import Habits, adapted, encode_request, habits_for, prompt_end, white_end
from millrace.providers.anthropic_wire import AnthropicDecoder
from millrace.providers.body_stream import BodyStream
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call, Refusal
from millrace.providers.http import HttpClient
from millrace.providers.http_provider import LISTING_S, HttpProvider
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

API_VERSION = "2026-10-21"
"""The version of the API that is asked for. It takes the key as a bearer token."""
_MAX_ADAPTATIONS = 3
_MAX_REMEMBERED = 1000


class AnthropicProvider(HttpProvider):
    """A `Provider` for one base URL.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is, with or without `/v1`.
        api_key: The operator's key, if it asks for one.
        http: The shared HTTP; its owner closes it.
        thinking_budget: Tokens that a model may think for when it is asked to think; 0 for never, -1 or none for a
            usual amount.
        max_event_bytes: The largest event that is accepted, in bytes.
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
        address = base_url.rstrip("/").removesuffix("/v1")
        super().__init__(name, address, api_key, http, max_event_bytes=max_event_bytes)
        self._thinking_budget = thinking_budget
        self._known: dict[str, ClaudeModel] = {}  # what the listing says
        self._habits: dict[str, Habits] = {}  # what models were found to want

    @override
    async def models(self) -> Sequence[ModelInfo]:
        """The models that `GET /v1/models` lists, the newest first, without those that are retired.

        Raises:
            MillraceError: It does not answer, or refuses.
        """
        call = Call(self.name, secret=self._api_key)
        url = f"{self._base_url}/v1/models?limit=1000"
        listed = listed_models(await self._http.get(call, url, _headers(self._api_key), limit_s=LISTING_S))
        self._known = {name: claude_model(name, item) for name, item in listed.items()}
        return tuple(claude_info(self.name, name, item) for name, item in listed.items())

    @override
    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request, without what the model turns out not to know.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """
        known = self._known.get(request.model) or claude_model(request.model)
        habits = self._habits.get(request.model) or habits_for(known, self._thinking_budget)
        url, headers = f"{self._base_url}/v1/messages", _headers(request.api_key or self._api_key)
        headers["Content-Type"] = "application/json"
        for left in range(_MAX_ADAPTATIONS, -1, -1):
            answer = await self._http.stream(call, url, headers, encode_request(request, habits))
            if not isinstance(answer, Refusal):
                return answer
            changed = adapted(habits, answer)
            if changed is None or not left:
                raise failures.refused(call, known_refusal(answer))
            habits = changed
            if len(self._habits) < _MAX_REMEMBERED:
                self._habits[request.model] = habits
        raise AssertionError("the last round returns or raises")

    @override
    def _body(self, call: Call, request: GenerationRequest) -> ChatBody:
        decoder = AnthropicDecoder(call, white_end(prompt_end(request)))
        return ChatBody(call, self._max_event_bytes, decoder)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "anthropic-version": API_VERSION}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers
