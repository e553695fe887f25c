"""The provider for OpenAI and every server that speaks its chat-completions wire."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from typing_extensions import override

from millrace.model.generation import GenerationRequest, ModelInfo
from millrace.providers import failures
from millrace.providers.body_stream import BodyStream
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call, Refusal
from millrace.providers.http import HttpClient
from millrace.providers.http_provider import LISTING_S, HttpProvider
from millrace.providers.listings import model_infos
from millrace.providers.openai_request import Habits, adapted, encode_request, habits_for
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

_MAX_ADAPTATIONS = 3
_MAX_REMEMBERED = 1000


class OpenAIProvider(HttpProvider):
    """A `Provider` for one base URL.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is, up to and including `/v1`.
        api_key: The operator's key, if it asks for one.
        http: The shared HTTP; its owner closes it.
        thinking_budget: Tokens that a model may think for when it is asked to think, where it can be told.
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
        super().__init__(name, base_url, api_key, http, max_event_bytes=max_event_bytes)
        self._thinking_budget = thinking_budget
        self._host = urlsplit(base_url).hostname or ""
        self._habits: dict[str, Habits] = {}  # what models were found to want

    @override
    async def models(self) -> Sequence[ModelInfo]:
        """The models that `GET /models` lists, in its order.

        Raises:
            MillraceError: It does not answer, or refuses.
        """
        call = Call(self.name, secret=self._api_key)
        listing = await self._http.get(call, f"{self._base_url}/models", _headers(self._api_key), limit_s=LISTING_S)
        return model_infos(self.name, listing)

    @override
    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request, without the parameters that the server turns out not to know.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """
        habits = self._habits.get(request.model) or habits_for(request.model, host=self._host)
        url, headers = f"{self._base_url}/chat/completions", _headers(request.api_key or self._api_key)
        headers["Content-Type"] = "application/json"
        for left in range(_MAX_ADAPTATIONS, -1, -1):
            answer = await self._http.stream(call, url, headers, encode_request(request, habits, self._thinking_budget))
            if not isinstance(answer, Refusal):
                return answer
            changed = adapted(habits, answer)
            if changed is None or not left:
                raise failures.refused(call, answer)
            habits = changed
            if len(self._habits) < _MAX_REMEMBERED:
                self._habits[request.model] = habits
        raise AssertionError("the last round returns or raises")

    @override
    def _body(self, call: Call, request: GenerationRequest) -> ChatBody:
        return ChatBody(call, self._max_event_bytes)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers
