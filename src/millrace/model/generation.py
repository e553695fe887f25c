"""What is asked of a model and what comes back: the values of the `Provider` port."""

from typing import Literal

from msgspec import Struct

from millrace.model.events import Citation, FinishReason, Passage, ReasoningKind, Usage

Role = Literal["system", "user", "assistant"]


class PromptMessage(Struct, frozen=True):
    """One message of a prompt. An assistant message in the last place asks the model to continue it."""

    role: Role
    content: str


class StepFound(Struct, frozen=True, gc=False):
    """A step of reasoning that a model was asked to write down; `confidence` is 0.0 to 1.0, none where it gave none."""

    kind: ReasoningKind
    content: str
    confidence: float | None = None


class GenerationRequest(Struct, frozen=True, kw_only=True):
    """One call of a model. `model` is the provider's own name for it; `max_tokens` bounds the answer.

    `reasoning` asks for thinking before the answer, in the way that the model has. `steps` are what was thought before,
    where another process began this answer. Without `stream` the whole answer is asked for in one piece. `logprobs`
    asks for `TokensScored`, which few providers give.
    """

    model: str
    messages: tuple[PromptMessage, ...]
    max_tokens: int = 4096
    temperature: float | None = None
    reasoning: bool = False
    steps: tuple[StepFound, ...] = ()
    stream: bool = True
    logprobs: bool = False
    api_key: str | None = None
    """The caller's own key for this call alone, where the operator allows it. Never stored or logged."""
    document_ids: tuple[str, ...] = ()
    user_id: str = ""
    passages: tuple[Passage, ...] | None = None
    """What retrieval found, as the prompt has it too; none where nothing was looked for."""
    fail_fast: bool = False
    """Another model stands by: a provider that is in trouble says so at once instead of trying again after a while."""


class TextPiece(Struct, frozen=True, gc=False):
    """A piece of the answer, never empty."""

    text: str


class ReasoningPiece(Struct, frozen=True, gc=False):
    """A piece of the model's thinking, never empty."""

    text: str


class TokensScored(Struct, frozen=True, gc=False):
    """How probable the model found each token of the text right before this; 0.0 to 1.0."""

    probabilities: tuple[float, ...]


class CitationsFound(Struct, frozen=True, gc=False):
    """Sources the provider named. Later reports of one generation replace earlier ones."""

    citations: tuple[Citation, ...]


class UsageReported(Struct, frozen=True, gc=False):
    """Token counts so far; the last report of a generation counts."""

    usage: Usage
    cost: float | None = None


class ModelUse(Struct, frozen=True):
    """What one call of a model used; `model` is its `provider/name`, `cost` in US dollars as the provider said."""

    model: str
    usage: Usage
    cost: float | None = None


class EarlierCall(Struct, frozen=True, gc=False):
    """What a call took that was needed before this answer. It is added to what is counted of the answer itself."""

    usage: Usage
    cost: float | None = None


class Switched(Struct, frozen=True, gc=False):
    """From here on another model answers, `reason` says in a word why. Only chains of models say this."""

    from_model: str
    to_model: str
    reason: str


class Abandoned(Struct, frozen=True, gc=False):
    """A model was asked beside the one that answers and closed again; `usage` and `cost` are what it said of that call.

    Only chains of models say this.
    """

    model: str
    usage: Usage | None = None
    cost: float | None = None


class Finished(Struct, frozen=True, gc=False):
    """The model ended its answer. A stream that ends without this is truncated, which is a failure."""

    reason: FinishReason


Delta = (
    TextPiece
    | ReasoningPiece
    | StepFound
    | TokensScored
    | CitationsFound
    | UsageReported
    | EarlierCall
    | Switched
    | Abandoned
    | Finished
)


class Capabilities(Struct, frozen=True):
    """What a model can do, as far as it is known.

    `reasoning`: it thinks before it answers; `prefill`: it continues an assistant's message that ends the prompt;
    `streaming`: its answer comes in pieces; `instructions`: it does what it is told, and does not only quote.
    """

    reasoning: bool = False
    prefill: bool = False
    citations: bool = False
    streaming: bool = True
    instructions: bool = True


class ModelInfo(Struct, frozen=True):
    """A model that can be asked for as `id`, which is `provider/name`. `context_length` is in tokens."""

    id: str
    provider: str
    name: str
    capabilities: Capabilities = Capabilities()
    context_length: int | None = None


class ModelAlias(Struct, frozen=True):
    """A name that stands for a chain of models, `models` as they are configured; see `ports.ResolvedModel`."""

    name: str
    models: tuple[str, ...]
    hedge: bool = False
