"""How a simulated model behaves: the values that a model name or a header may set, and their parsing. Pure."""

import enum
import functools
import typing
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

MAX_TOKENS: Final = 100_000
"""The longest text and the longest reasoning, in tokens; both are kept in memory."""

DEFAULT_TOKENS: Final = 100
"""The length of an answer whose behaviour does not say one, in tokens."""

Milliseconds = Annotated[float, Meta(ge=0, le=3_600_000)]
Count = Annotated[int, Meta(ge=0, le=MAX_TOKENS)]


class TextKind(enum.StrEnum):
    """What the answer is made of."""

    PROSE = "prose"
    MARKDOWN = "markdown"
    CODE = "code"
    EMOJI = "emoji"
    MIXED = "mixed"
    PLACES = "places"
    ECHO = "echo"


class ReasoningPlace(enum.StrEnum):
    """Where the model's thinking stands on the wire; compatible providers differ."""

    REASONING_CONTENT = "reasoning_content"
    REASONING = "reasoning"
    THINK = "think"
    PARTS = "parts"


class UsagePlace(enum.StrEnum):
    """Where the token counts stand.

    ``last`` is OpenAI's way: a chunk of its own before ``[DONE]``, and only where the request asks for it with
    ``stream_options.include_usage``. The others send what they send whether asked or not.
    """

    LAST = "last"
    EVERY = "every"
    FINISH = "finish"
    NONE = "none"


class PrefillPolicy(enum.StrEnum):
    """What the model does when the last message is the assistant's: go on from it, start again, or answer 400."""

    CONTINUE = "continue"
    IGNORE = "ignore"
    REFUSE = "refuse"


class Fault(enum.StrEnum):
    """What goes wrong. The names that are numbers refuse the request with that HTTP status."""

    UNAUTHORIZED = "401"
    PAYMENT_REQUIRED = "402"
    NOT_FOUND = "404"
    TOO_LARGE = "413"
    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    OVERLOADED = "529"
    QUOTA = "quota"
    CONTEXT = "context"
    CONTENT_FILTER = "content_filter"
    HANG = "hang"
    HANG_FIRST = "hang_first"
    STALL = "stall"
    CUT = "cut"
    TRUNCATE = "truncate"
    ERROR_EVENT = "error_event"
    MALFORMED = "malformed"
    HTML = "html"
    EMPTY = "empty"
    ENDLESS_LINE = "endless_line"
    HUGE_EVENT = "huge_event"
    BAD_UTF8 = "bad_utf8"


class BehaviourError(ValueError):
    """A behaviour that says something the simulator does not know.

    Attributes:
        code: Machine-readable kind of the error, always ``simulator_behaviour``.
        key: The key at fault, or ``None`` when the whole text cannot be read.
    """

    code: Final = "simulator_behaviour"

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one request is answered. Times are in milliseconds, lengths in tokens.

    Attributes:
        tokens: Length of the whole answer without its reasoning; 100 by default. It can only shorten an echo.
        text: What the answer is made of.
        stamped: Each token is its number and the time of its sending (see `stamps`) instead of ``text``.
        seed: Same seed and kind, same text; a longer answer begins with the shorter one.
        interval_ms: Time between two tokens; 0 sends as fast as the client reads.
        ttft_ms: Time from the request to the first token.
        chunk: Tokens per write; the rate in tokens per second stays the same.
        reasoning: Length of the thinking that comes before the answer.
        reasoning_place: Where the thinking stands on the wire.
        steps: How many steps it writes when a question asks for steps of thinking in Millrace's line format; 0 for a
            model that does not understand, and answers.
        confidence: Whether it states a confidence with each of them.
        logprob: The log-probability of each token, where a request asks for it (OpenAI's chat wire).
        usage: Where the token counts stand.
        prefill: What an assistant message at the end of the request means.
        overlap: When set, a partial answer that is followed by a user's message ("please continue") is continued too,
            beginning this many tokens before its end, as models do that cannot be prefilled.
        fault: What goes wrong, if anything.
        after: Tokens (reasoning included) sent before a fault within the stream; half of the answer by default.
        stall_ms: How long ``fault=stall`` lasts before the answer goes on; for ever by default.
        retry_after: Value of the ``Retry-After`` header of a refusal, passed on as it is.
        fail_times: The fault is for the first so many requests of the same ``key`` only.
        key: Names the requests that ``fail_times`` counts together.
        split: Cuts every write into pieces of so many bytes, or of random sizes, each sent by itself.
    """

    tokens: Count | None = None
    text: TextKind = TextKind.PROSE
    stamped: bool = False
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 1
    interval_ms: Milliseconds = 0.0
    ttft_ms: Milliseconds = 0.0
    chunk: Annotated[int, Meta(ge=1, le=MAX_TOKENS)] = 1
    reasoning: Count = 0
    reasoning_place: ReasoningPlace = ReasoningPlace.REASONING_CONTENT
    steps: Annotated[int, Meta(ge=0, le=30)] = 4
    confidence: bool = True
    logprob: Annotated[float, Meta(ge=-100, le=0)] | None = None
    usage: UsagePlace = UsagePlace.LAST
    prefill: PrefillPolicy = PrefillPolicy.CONTINUE
    overlap: Count | None = None
    fault: Fault | None = None
    after: Count | None = None
    stall_ms: Milliseconds | None = None
    retry_after: Annotated[str, Meta(pattern=r"^[\x20-\x7e]{1,100}$")] | None = None
    fail_times: Annotated[int, Meta(ge=0)] | None = None
    key: str | None = None
    split: Annotated[int, Meta(ge=1)] | Literal["random"] | None = None

    @classmethod
    def read(cls, *sources: str) -> "Behaviour":
        """Read a behaviour out of texts such as ``tokens=200&interval_ms=20``; the last text that has a key wins.

        Raises:
            BehaviourError: A text cannot be read, a key is unknown or stands twice in a text, or a value does not fit.
        """
        values: dict[str, str] = {}
        for source in sources:
            values |= _pairs(source)
        behaviour = cls(**_convert(values))
        if behaviour.fail_times is not None and behaviour.key is None:
            raise BehaviourError(
                "fail_times needs a key that names the requests it counts, as in fail_times=2&key=my-test.",
                "fail_times",
            )
        if behaviour.stamped and behaviour.split is not None:
            raise BehaviourError("stamped sets the time in whole tokens, and split cuts them: leave one out.", "split")
        return behaviour

    def without_fault(self) -> "Behaviour":
        """The same behaviour with nothing going wrong."""
        return msgspec.structs.replace(self, fault=None)


def split_model(model: str) -> tuple[str, str]:
    """Split a model name such as ``sim?tokens=5`` into its name proper and the text of its behaviour, if any."""
    name, _, query = model.partition("?")
    return name, query


def _pairs(source: str) -> dict[str, str]:
    if not source.strip():
        return {}
    try:
        pairs = parse_qsl(source.strip(), keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise BehaviourError(
            f"Cannot read the behaviour {source!r}: write key=value pairs joined by &, as in tokens=200&interval_ms=20."
        ) from error
    values: dict[str, str] = {}
    for key, value in pairs:
        if key in values:
            raise BehaviourError(f"The key {key!r} stands twice in the behaviour {source!r}: keep one.", key)
        values[key] = value
    return values


@functools.cache
def _types() -> Mapping[str, Any]:
    return MappingProxyType({field.name: field.type for field in msgspec.structs.fields(Behaviour)})


def _convert(values: Mapping[str, str]) -> dict[str, Any]:
    types = _types()
    converted: dict[str, Any] = {}
    for key, value in values.items():
        if key not in types:
            raise BehaviourError(_unknown_key(key, types), key)
        try:
            converted[key] = msgspec.convert(value, types[key], strict=False)
        except msgspec.ValidationError as error:
            raise BehaviourError(
                f"{key}={value!r} does not fit: {_expectation(types[key]) or str(error)}.", key
            ) from error
    return converted


def _unknown_key(key: str, known: Iterable[str]) -> str:
    close = get_close_matches(key, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"The simulator knows no key {key!r}.{hint} It knows: {', '.join(known)}."


def _expectation(type_: Any) -> str | None:
    """The words a key accepts, where it accepts words; for numbers the converter's own error says enough."""
    for option in (type_, *typing.get_args(type_)):
        if isinstance(option, type) and issubclass(option, enum.Enum):
            return f"use one of {', '.join(str(member.value) for member in option)}"
        if typing.get_origin(option) is Literal:
            return f"use a whole number from 1 up, or {' or '.join(typing.get_args(option))}"
    return None
