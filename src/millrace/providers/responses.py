"""The provider for OpenAI's Responses and every server that speaks their wire."""

import asyncio
import logging
from collections.abc import Sequence
from urllib.parse import quote

from typing_extensions import override

from millrace.model.errors import MillraceError
from millrace.model.generation import Delta, GenerationRequest, ModelInfo
from millrace.providers import failures
from millrace.providers.body_stream import BodyStream
from millrace.providers.chat_body import ChatBody
from millrace.providers.failures import Call, Refusal
from millrace.providers.http import HttpClient
from millrace.providers.http_provider import LISTING_S, AnswerBody, HttpProvider
from millrace.providers.listings import model_infos
from millrace.providers.responses_request import ResponsesHabits, adapted, encode_request, habits_for
from millrace.providers.responses_wire import ResponsesDecoder
from millrace.providers.sse import DEFAULT_MAX_EVENT_BYTES

RESUMES = 3
"""How often a broken answer is taken up again without a new event of it."""
_RESUME_WAIT_S = 0.25
_CANCEL_S = 5.0
_MAX_ADAPTATIONS = 4
_MAX_REMEMBERED = 1000

_logger = logging.getLogger(__name__)


class ResponsesProvider(HttpProvider):
    """A `Provider` for one base URL.

    Args:
        name: What stands before the slash in `provider/model`.
        base_url: Where it is, up to and including `/v1`.
        api_key: The operator's key, if it asks for one.
        http: The shared HTTP; its owner closes it.
        background: Whether answers are made in the background: one whose connection breaks is taken up again where it
            was, and one that nobody reads any more is cancelled. The provider stores them.
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
        background: bool = False,
        thinking_budget: int | None = None,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        super().__init__(name, base_url, api_key, http, max_event_bytes=max_event_bytes)
        self._background = background
        self._thinking_budget = thinking_budget
        self._habits: dict[str, ResponsesHabits] = {}  # what models were found to want
        self._cancelling: set[asyncio.Task[None]] = set()

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
    async def close(self) -> None:
        """Wait until what was to be cancelled at the provider is cancelled."""
        await asyncio.gather(*self._cancelling)

    @override
    async def _open(self, call: Call, request: GenerationRequest) -> BodyStream:
        """Send the request, without the parameters that the server turns out not to know.

        Raises:
            MillraceError: It was refused, or there is no connection.
        """
        habits = self._habits.get(request.model) or habits_for(request.model)
        url, headers = f"{self._base_url}/responses", _headers(call.secret)
        headers["Content-Type"] = "application/json"
        for left in range(_MAX_ADAPTATIONS, -1, -1):
            background = self._background and request.stream
            body = encode_request(request, habits, background=background, thinking_budget=self._thinking_budget)
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
    def _body(self, call: Call, request: GenerationRequest) -> "ResponsesBody":
        return ResponsesBody(call, self._max_event_bytes, ResponsesDecoder(call))

    @override
    async def _resume(
        self, call: Call, request: GenerationRequest, body: AnswerBody
    ) -> tuple[BodyStream, AnswerBody] | None:
        """Take a background answer up again after the last event that came."""
        if not self._background or not isinstance(body, ResponsesBody) or not body.cut:
            return None
        decoder = body.responses
        tries = RESUMES if decoder.sequence > body.began_after else body.tries_left
        if not decoder.response_id or decoder.sequence < 0:
            return None
        url = f"{self._url_of(decoder)}?stream=true&starting_after={decoder.sequence}"
        for left in range(tries - 1, -1, -1):
            await asyncio.sleep(_RESUME_WAIT_S * (RESUMES - 1 - left))
            try:
                answer = await self._http.stream(call, url, _headers(call.secret), None)
            except MillraceError as error:
                _logger.debug("provider %s: the answer could not be taken up again: %s", self.name, error.detail)
                continue
            if isinstance(answer, Refusal):
                return None
            decoder.resume()
            return answer, ResponsesBody(call, self._max_event_bytes, decoder, tries_left=left)
        return None

    @override
    def _left(self, call: Call, request: GenerationRequest, body: AnswerBody) -> None:
        """Cancel a background answer that goes on at the provider, without making anybody wait for it."""
        if not (self._background and request.stream and isinstance(body, ResponsesBody)):
            return
        if body.responses.response_id and not body.responses.done:
            task = asyncio.create_task(self._cancel(call, f"{self._url_of(body.responses)}/cancel"))
            self._cancelling.add(task)
            task.add_done_callback(self._cancelling.discard)

    async def _cancel(self, call: Call, url: str) -> None:
        try:
            await self._http.post(call, url, _headers(call.secret), limit_s=_CANCEL_S)
        except MillraceError as error:
            _logger.warning("provider %s: a stopped answer may go on there: %s", self.name, error.detail)

    def _url_of(self, decoder: ResponsesDecoder) -> str:
        return f"{self._base_url}/responses/{quote(decoder.response_id, safe='')}"


class ResponsesBody(ChatBody):
    """One stream of a response, of which there may be several in a row: all have one decoder.

    Args:
        call: What was asked.
        max_event_bytes: The largest event, in bytes.
        responses: The decoder.
        tries_left: How often the response may be taken up again if this stream brings nothing new.

    `cut` says that the connection is to blame for its failure, `began_after` which event had come before it.
    """

    __slots__ = ("began_after", "cut", "responses", "tries_left")

    def __init__(
        self, call: Call, max_event_bytes: int, responses: ResponsesDecoder, *, tries_left: int = RESUMES
    ) -> None:
        super().__init__(call, max_event_bytes, responses)
        self.responses = responses
        self.tries_left = tries_left
        self.began_after = responses.sequence
        self.cut = False

    @override
    def close(self, cause: object = "") -> list[Delta]:
        if self.done:
            return []
        out = super().close(cause)
        self.cut = self.failure is not None and not self.responses.done
        return out

    @override
    def fail(self, failure: MillraceError) -> None:
        super().fail(failure)
        self.cut = not self.responses.done


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return headers
