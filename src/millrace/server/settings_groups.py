"""The groups of settings: who may come in, how much is allowed, how answers are made, which providers there are.

The sentence under each field is its documentation: `docs/settings.md` is generated from it.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

SYMMETRIC = frozenset({"HS256", "HS384", "HS512"})
ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})


def _split(value: object) -> object:
    """Let a list be written `a, b` in the environment, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several words: a list in the file, comma-separated in the environment."""


class Group(BaseModel):
    """Immutable settings; the docstring under a field describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class AuthSettings(Group):
    """Who may come in."""

    mode: Literal["guest", "accounts", "jwt"] = "guest"
    """`guest`: everybody with a browser, known by a signed cookie. `accounts`: people register and sign in.
    `jwt`: an outside issuer signs the tokens."""
    allow_guests: bool = False
    """Serve guests beyond this machine too; without it, `guest` mode listens on loopback only. In the other modes: let
    people without a sign-in ask as guests at `POST /api/chat/stream`."""
    registration: bool = True
    """Whether new accounts may be registered (mode `accounts`)."""
    min_password_chars: Annotated[int, Field(ge=8, le=128)] = 8
    """Shortest password that a new account may have, in characters."""
    access_token_s: Annotated[int, Field(ge=60, le=30 * 86_400)] = 3600
    """Life of an access token and of the sign-in cookie, in seconds."""
    refresh_token_s: Annotated[int, Field(ge=300, le=366 * 86_400)] = 30 * 86_400
    """Life of a refresh token that is not used, in seconds."""
    guest_cookie_s: Annotated[int, Field(ge=60, le=366 * 86_400)] = 365 * 86_400
    """Life of a guest's cookie, in seconds; it is renewed while it is used."""
    share_links: bool = True
    """Whether people may let others read a conversation by a link, without a sign-in. Switched off, no link works."""
    operators: Names = ()
    """Those who run the server, by user id or by the address of their account: they see figures of everybody."""

    @field_validator("operators", mode="after")
    @classmethod
    def _addresses_compare(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.casefold() if "@" in name else name for name in value)


class JwtSettings(Group):
    """How tokens of an outside issuer are verified (mode `jwt`)."""

    algorithms: Names = ("HS256",)
    """Signature algorithms that are accepted. HS* verify with `jwt_secret`, all others with `jwks_url`; never both."""
    jwks_url: str | None = None
    """Where the issuer publishes its public keys (JWKS)."""
    jwks_cache_s: Annotated[float, Field(ge=1, le=86_400)] = 300
    """How long fetched keys are used before they are fetched again, in seconds."""
    issuer: str | None = None
    """The `iss` that tokens must carry; anything where it is not set."""
    audience: str | None = None
    """The `aud` that tokens must carry. Where it is not set, tokens that name an audience are refused."""
    name_claim: str = "name"
    """The claim that holds the user's name for display."""
    plan_claim: str = "plan"
    """The claim that names what the user pays for; `free`, or none, is the free plan."""
    leeway_s: Annotated[float, Field(ge=0, le=300)] = 10
    """Tolerance for clocks that differ, in seconds."""

    @model_validator(mode="after")
    def _keys_match_algorithms(self) -> "JwtSettings":
        names = set(self.algorithms)
        if not names or not names <= SYMMETRIC | ASYMMETRIC:
            known = ", ".join(sorted(SYMMETRIC | ASYMMETRIC))
            raise ValueError(f"algorithms must be some of {known}")
        if names & SYMMETRIC and names & ASYMMETRIC:
            raise ValueError("algorithms must be all HS* (a shared secret) or all public-key ones, never mixed")
        if names & ASYMMETRIC and not self.jwks_url:
            raise ValueError("public-key algorithms need jwks_url")
        if self.jwks_url and names & SYMMETRIC:
            raise ValueError('jwks_url needs public-key algorithms, ["RS256"] for example')
        return self


class LimitSettings(Group):
    """How much a client may ask."""

    frame_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 65_536
    """Largest WebSocket message from a client, in bytes; a larger one closes the connection (1009)."""
    message_chars: Annotated[int, Field(ge=1)] = 32_000
    """Longest user message, in characters."""
    frames_per_second: Annotated[float, Field(gt=0)] = 50
    """Messages a WebSocket connection may send per second; more close it (1008)."""
    connections_per_user: Annotated[int, Field(ge=1)] = 20
    """WebSocket connections and event streams a user may hold at a time."""
    turns_per_minute: Annotated[int, Field(ge=1)] = 60
    """Questions a user may ask per minute."""
    streams_per_minute: Annotated[int, Field(ge=1)] = 30
    """Questions per minute at `POST /api/chat/stream`, for each user; without a token, for each network address."""
    tokens_per_minute: Annotated[int, Field(ge=0)] = 0
    """Tokens, of questions and answers, that a user may take per minute; 0 for as many as they like. A question
    reserves what it will take, about, and its end settles what it took."""
    queue: Annotated[int, Field(ge=0)] = 10
    """Questions that may wait in one conversation while an answer is written."""
    body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    """Largest HTTP request body, in bytes, where a route does not set its own (uploads); also the largest message over
    the AI SDK's WebSocket, which holds all of a conversation."""
    guests_per_minute: Annotated[int, Field(ge=1)] = 60
    """New guests per minute and address of the network."""
    sign_ins_per_minute: Annotated[int, Field(ge=1)] = 10
    """Attempts to sign in or register per minute, for each pair of account and network address; a network
    address alone may make five times as many."""
    tickets_per_minute: Annotated[int, Field(ge=1)] = 120
    """One-time WebSocket tickets per minute and user."""


class GenerationSettings(Group):
    """How answers are made and delivered."""

    token_delay_ms: Annotated[int, Field(ge=0, le=5000)] = 0
    """Pause between pieces on delivery, in milliseconds, where a client asks for no other speed."""
    max_tokens: Annotated[int, Field(ge=1)] = 4096
    """Longest answer, in tokens."""
    generation_timeout_s: Annotated[float, Field(gt=0)] = 60
    """Longest time a whole answer may take, in seconds."""
    first_token_timeout_s: Annotated[float, Field(gt=0)] = 30
    """Longest wait for the first piece of an answer, in seconds."""
    idle_timeout_s: Annotated[float, Field(gt=0)] = 30
    """Longest wait between two pieces, in seconds."""
    emotion_enabled: bool = True
    """Whether the emotion in messages is estimated; nothing is computed where it is not. Users may switch it off for
    themselves."""
    emotion_model: Path | None = None
    """Folder of a transformer that estimates emotion instead of the model that ships (`model.onnx`, `tokenizer.json`,
    `config.json`); needs the extra `millrace[affect-onnx]`."""
    guidance_enabled: bool = True
    """Whether what is estimated of the learner changes the answer, as an instruction to the model."""
    guidance_budget_s: Annotated[float, Field(ge=0, le=5)] = 0.02
    """Longest wait of a question for that, in seconds, where the estimate takes its time (`emotion_model`). One that
    comes later is shown, and changes nothing."""
    guidance_template: str = ""
    """The instruction, with `$readiness`, `$load`, `$interventions` and `$difficulty`; a built-in one where empty."""
    suggestions_budget_s: Annotated[float, Field(ge=0, le=10)] = 0.8
    """Longest wait of an answer's end for follow-up questions, in seconds."""
    category_enabled: bool = True
    """Whether the subject of questions is estimated."""
    on_busy: Literal["queue", "reject", "interrupt"] = "queue"
    """What a question does that arrives while its conversation is being answered: wait, be refused, or take over."""
    on_disconnect: Literal["continue", "cancel"] = "continue"
    """What an answer does when nobody watches it any more: go on, or stop after `disconnect_grace_s`."""
    disconnect_grace_s: Annotated[float, Field(ge=0)] = 30
    """Time in which a client may come back before its answer is stopped, in seconds (`on_disconnect = "cancel"`)."""
    partial_chars: Annotated[int, Field(ge=0)] = 2000
    """In the protocol `tokens`, each token comes with all of the text so far while that is shorter, in characters."""
    history_messages: Annotated[int, Field(ge=0)] = 40
    """Earlier messages of a conversation that the model is given."""
    system_prompt: str = ""
    """Instructions that precede every conversation."""


class ThinkingSettings(Group):
    """Which questions are thought about before they are answered, and how."""

    auto_enabled: bool = True
    """Whether the mode `auto` looks at the question. Without it, `auto` thinks only where the reasoning is to be
    seen."""
    steps_enabled: bool = True
    """Whether a model that does not think by itself is asked to write down steps first, in a call of its own."""
    steps_tokens: Annotated[int, Field(ge=64)] = 1024
    """Longest list of such steps, in tokens."""
    timeout_s: Annotated[float, Field(gt=0)] = 300
    """Longest time that thinking may take until the answer begins, in seconds; the limits of `generation` count from
    there."""


class ModelOverrides(Group):
    """What is said of one model of a provider. What is not set is left to what is known of it."""

    streaming: bool | None = None
    """Whether its answers come in pieces. One that cannot stream is asked for the whole answer, which is then delivered
    in words."""
    reasoning: bool | None = None
    """Whether it thinks by itself before it answers. One that does not is asked to write down steps first, where a
    question is to be thought about."""
    prefill: bool | None = None
    """Whether it continues an assistant's message that ends the prompt."""
    context_length: Annotated[int, Field(ge=1)] | None = None
    """The longest conversation that it takes, in tokens."""
    input_price: Annotated[float, Field(ge=0)] | None = None
    """US dollars per million tokens of input; only together with `output_price`."""
    output_price: Annotated[float, Field(ge=0)] | None = None
    """US dollars per million tokens of output."""
    cached_input_price: Annotated[float, Field(ge=0)] | None = None
    """US dollars per million tokens of input that the provider's cache had; that of other input where it is not set."""

    @model_validator(mode="after")
    def _prices_are_whole(self) -> "ModelOverrides":
        if (self.input_price is None) != (self.output_price is None):
            raise ValueError("input_price and output_price go together: set both or none")
        if self.cached_input_price is not None and self.input_price is None:
            raise ValueError("cached_input_price needs input_price and output_price")
        return self


class StudySettings(Group):
    """Answers from one's own documents (the protocol `study`)."""

    free_chats_per_month: Annotated[int, Field(ge=0)] = 25
    """Answers that a user on the free plan gets in a month (UTC); 0 for as many as they like. Only completed ones
    count. Everybody is on the free plan whose token names no other one (`jwt.plan_claim`)."""
    stream_timeout_ms: Annotated[int, Field(ge=1)] = 60_000
    """Longest wait for a piece of an answer, in milliseconds."""
    stream_keepalive_ms: Annotated[int, Field(ge=100, le=15_000)] = 10_000
    """Time after which a stream says that it is alive where it has nothing else to say, in milliseconds."""
    stream_max_duration_s: Annotated[float, Field(gt=0)] = 120
    """Longest time that a whole answer may take, in seconds."""
    enable_streaming: bool = True
    """Whether answers come piece by piece; without it each comes whole, in one event."""
    stream_chunk_size: Annotated[int, Field(ge=1, le=1000)] = 1
    """Pieces of text in one event."""

    @property
    def events_chunk_size(self) -> int:
        """Pieces of text in one event; 0 for all of them."""
        return self.stream_chunk_size if self.enable_streaming else 0


class RoutingSettings(Group):
    """What becomes of answers whose model fails."""

    continue_without_prefill: bool = True
    """Whether an answer that broke off may be continued by a model that cannot be given its beginning: it is then asked
    to go on, and what it repeats is left out. Without it such an answer ends there, and what was written is kept."""
    breaker_error_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of failed calls at which a provider is passed over, where a chain has another one."""
    breaker_calls: Annotated[int, Field(ge=1)] = 4
    """Calls that must have ended before that share means anything."""
    breaker_window_s: Annotated[float, Field(gt=0)] = 120
    """How long a call counts, in seconds."""
    breaker_open_s: Annotated[float, Field(gt=0)] = 30
    """How long a provider is passed over before one call tries whether it works again, in seconds."""
    hedge_after_calls: Annotated[int, Field(ge=1, le=100)] = 20
    """Answers of a model whose first words were waited for, before it can be told that one is late."""


class RouteSettings(Group):
    """A chain of models."""

    models: Names = ()
    """Its models as provider/model: the first one answers, each of the others takes over where the one before fails."""
    hedge: bool = False
    """Whether the next model is asked, too, when a first word comes later than 95 of 100 did lately: who speaks first
    is kept, the other is closed, and both are paid for."""


def _route(value: object) -> object:
    """Let a chain be written as its models alone."""
    return {"models": value} if isinstance(value, str | list | tuple) else value


Route = Annotated[RouteSettings, BeforeValidator(_route)]


class ProviderSettings(Group):
    """One provider of models."""

    kind: str | None = None
    """Its wire; `docs/providers.md` lists them. Where it is not set: that of the service that is known by its name,
    else `openai`, which is OpenAI's chat completions and everything compatible with them."""
    base_url: str | None = None
    """Where it is, up to and including `/v1`; the public service of its name or kind where it is not set."""
    api_key: SecretStr | None = None
    """The key it asks for. Keep it in the environment rather than in the file."""
    models: Names = ()
    """Models to offer; those that it lists itself where this is empty."""
    prefill: bool | None = None
    """Whether its models continue an assistant's message that ends the prompt; what is known of each model where
    this is not set. An answer that broke off is then continued exactly where it was; a model that cannot is asked to go
    on (`routing.continue_without_prefill`)."""
    concurrent_calls: Annotated[int, Field(ge=1)] | None = None
    """Calls that may run at a time; more wait, and users take turns. Any number where it is not set."""
    thinking_budget: Annotated[int, Field(ge=-1)] | None = None
    """Tokens that its models may think for when they are asked to; -1 leaves it to the model, 0 means as little as can
    be. What it does on each wire stands in `docs/thinking.md`."""
    background: bool = False
    """Whether its answers are made in the background (kind `openai-responses`): an answer whose connection breaks is
    then taken up again, and a stopped one is cancelled at the provider, which stores them meanwhile."""
    overrides: dict[str, ModelOverrides] = Field(default_factory=dict)
    """What is said of single models, by name; in a name `*` stands for anything, and the first one that fits counts."""
