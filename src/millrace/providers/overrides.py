"""What the operator says of models, which counts more than what is known of them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

import msgspec

from millrace.model.events import Usage
from millrace.model.generation import Capabilities, ModelInfo

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. Input that a provider's cache had costs `cached_input` where that is set."""

    input: float
    output: float
    cached_input: float | None = None

    def of(self, usage: Usage) -> float:
        """What a generation cost."""
        cached = min(usage.cached_tokens or 0, usage.input_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - cached
        return (fresh * self.input + cached * cached_price + usage.output_tokens * self.output) / _MILLION


@dataclass(frozen=True, slots=True)
class ModelOverride:
    """What is said of one model; none leaves it to what is known. `context_length` is in tokens."""

    streaming: bool | None = None
    reasoning: bool | None = None
    prefill: bool | None = None
    context_length: int | None = None
    price: Price | None = None

    def applied(self, info: ModelInfo) -> ModelInfo:
        """The model as it is with this said."""
        said = {name: value for name in _CAPABILITIES if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(
            info,
            capabilities=msgspec.structs.replace(info.capabilities, **said),
            context_length=info.context_length if self.context_length is None else self.context_length,
        )


_CAPABILITIES = {each.name for each in fields(ModelOverride)} & set(Capabilities.__struct_fields__)


def override_of(name: str, overrides: Mapping[str, ModelOverride]) -> ModelOverride | None:
    """What is said of the model `name`: under its name, else under the first pattern that fits (`*` is anything)."""
    if name in overrides:
        return overrides[name]
    return next((said for pattern, said in overrides.items() if "*" in pattern and _fits(name, pattern)), None)


def _fits(name: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
