"""The provider for Google's Gemini API."""

from collections.abc import Sequence
from urllib.parse import quote

from typing_extensions import override

from millrace.model.generation import GenerationRequest, ModelInfo
from millrace.providers import failures
from millrace.providers.body_stream import BodyStream
from millrace.providers.failures import Call, Refusal
from millrace.providers.gemini_body import GeminiBody
from millrace.providers.gemini_models import gemini_infos, next_page
from millrace.providers.gemini_request import Habits, adapted, encode_request, habits_for, resource_of
from millrace.providers.http import HttpClient
from millrace.providers.http_provider import LISTING_S, HttpProvider
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

_MAX_ADAPTATIONS = 2
_MAX_REMEMBERED = 1000
_MAX_PAGES = 10


class GeminiProvider(HttpProvider):
    """A `Provider` for one base URL.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is, up to and including `/v1beta`.
        api_key: The operator's key.
        http: The shared HTTP; its owner closes it.
        thinking_budget: Tokens for thinking, where it is asked for; -1, like none, leaves it to the model.
        max_event_bytes: The largest slice that is accepted, in bytes.
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
        self._habits: dict[str, Habits] = {}  # what models were found to want

    @override
    async def models(self) -> Sequence[ModelInfo]:
        """The models that generate text, in the order of `GET /models`.

        Raises:
            MillraceError: It does not answer, or refuses.
        """
        call = Call(self.name, secret=self._api_key)
        url = f"{self._base_url}/models?pageSize=1000"
        found: list[ModelInfo] = []
        page: str | None = ""
        for _ in range(_MAX_PAGES):
            following = f"&pageToken={quote(page, safe='')}" if page else ""
            listing = await self._http.get(call, url + following, _headers(self._api_key), limit_s=LISTING_S)
            found += gemini_infos(self.name, listing)
            page = next_page(listing)
            if page is None:
                break
        return tuple(found)

    @override
    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request, without what the model turns out not to know.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """
        habits = self._habits.get(request.model) or habits_for(request.model)
        verb = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
        url = f"{self._base_url}/{resource_of(request.model)}:{verb}"
        headers = _headers(request.api_key or self._api_key)
        headers["Content-Type"] = "application/json"
        for left in range(_MAX_ADAPTATIONS, -1, -1):
            body = encode_request(request, habits, self._thinking_budget)
            answer = await self._http.stream(call, url, headers, body)
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
    def _body(self, call: Call, request: GenerationRequest) -> GeminiBody:
        return GeminiBody(call, self._max_event_bytes)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if key:
        headers["x-goog-api-key"] = key  # never in the URL, which proxies and logs keep
    return headers
