"""The provider for OpenAI and every server that speaks its chat-completions wire."""

from collections.abc import AsyncGenerator, Sequence
from urllib.parse import urlsplit

from millrace.model.errors import ProviderTimeout
from millrace.model.generation import Delta, GenerationRequest, ModelInfo
from millrace.providers import failures
from millrace.providers.body_stream import BROKEN, BodyStream
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call, Refusal
from millrace.providers.http import HttpClient
from millrace.providers.listings import model_infos
from millrace.providers.openai_request import Habits, adapted, encode_request, habits_for
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

LISTING_S = 10.0
"""How long a listing of models may take, in seconds."""
_MAX_ADAPTATIONS = 3
_MAX_REMEMBERED = 1000


class OpenAIProvider:
    """A `Provider` for one base URL.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is, up to and including `/v1`.
        api_key: The operator's key, if it asks for one.
        http: The shared HTTP; its owner closes it.
        max_event_bytes: The largest event that is accepted, in bytes.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        api_key: str | None,
        http: HttpClient,
        *,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._http = http
        self._max_event_bytes = max_event_bytes
        self._official = urlsplit(base_url).hostname == "api.openai.com"
        self._habits: dict[str, Habits] = {}  # what models were found to want

    def __repr__(self) -> str:
        return f"OpenAIProvider({self.name!r}, {self._base_url!r})"

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """Call the model; yield the deltas of each network read as one batch.

        Closing the generator, or cancelling the task that iterates it, closes the connection at once.

        Raises:
            MillraceError: As the provider's answer means; what had come before has been yielded.
        """
        call = self._call(request)
        stream = await self._open(call, request)
        body = ChatBody(call, self._max_event_bytes)
        try:
            while not body.done:
                try:
                    data = await stream.readany()
                except BROKEN as error:
                    batch = _rescue(stream, body, error)
                else:
                    batch = body.feed(data) if data else body.close()
                if body.ended:
                    stream.wind_up(whole=body.whole)
                if batch:
                    yield batch
        finally:
            stream.close()
        if body.failure is not None:
            raise body.failure

    async def models(self) -> Sequence[ModelInfo]:
        """The models that `GET /models` lists, in its order.

        Raises:
            MillraceError: It does not answer, or refuses.
        """
        call = Call(self.name, secret=self._api_key)
        listing = await self._http.get(call, f"{self._base_url}/models", _headers(self._api_key), limit_s=LISTING_S)
        return model_infos(self.name, listing)

    async def close(self) -> None:
        """Nothing to do: the connections are the shared HTTP's."""

    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request, without the parameters that the server turns out not to know.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """
        habits = self._habits.get(request.model) or habits_for(request.model, official=self._official)
        url, headers = f"{self._base_url}/chat/completions", _headers(request.api_key or self._api_key)
        headers["Content-Type"] = "application/json"
        for left in range(_MAX_ADAPTATIONS, -1, -1):
            answer = await self._http.stream(call, url, headers, encode_request(request, habits))
            if not isinstance(answer, Refusal):
                return answer
            changed = adapted(habits, answer)
            if changed is None or not left:
                raise failures.refused(call, answer)
            habits = changed
            if len(self._habits) < _MAX_REMEMBERED:
                self._habits[request.model] = habits
        raise AssertionError("the last round returns or raises")

    def _call(self, request: GenerationRequest) -> Call:
        return Call(self.name, request.model, request.api_key is not None, request.api_key or self._api_key)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers


def _rescue(stream: BodyStream, body: ChatBody, error: Exception) -> list[Delta]:
    """The connection broke: read what had come before, and end the body."""
    batch = body.feed(stream.left())
    if stream.silent and not body.ended:
        body.fail(ProviderTimeout(detail=f"nothing came for {stream.silence_s:.0f} s"))
    stream.close()
    return batch + body.close(repr(error))
