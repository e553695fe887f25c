"""The models as they can be asked to think: those that do not by themselves are asked for steps."""

from collections.abc import Sequence
from dataclasses import replace

from millrace.model.events import Usage
from millrace.model.generation import ModelAlias, ModelInfo
from millrace.ports import ModelDirectory, ResolvedModel
from millrace.thinking.stepwise import StepwiseProvider

_MAX_REMEMBERED = 1000


class ThinkingDirectory:
    """A `ModelDirectory` around another one.

    Args:
        models: The models as they are.
        max_tokens: The longest that written steps may be, in tokens.
    """

    def __init__(self, models: ModelDirectory, max_tokens: int) -> None:
        self._models = models
        self._max_tokens = max_tokens
        self._thinkers = _Remembered()

    @property
    def default(self) -> str:
        """As it is."""
        return self._models.default

    def models(self) -> Sequence[ModelInfo]:
        """As they are."""
        return self._models.models()

    def aliases(self) -> Sequence[ModelAlias]:
        """As they are."""
        return self._models.aliases()

    def resolve(self, model: str | None) -> ResolvedModel:
        """The model, which thinks if it is asked to and does what it is told; so do those that take over from it.

        Raises:
            InvalidRequest: There is no such provider, or the name is nobody's.
        """
        found = self._models.resolve(model)
        return replace(self._thinking(found), others=tuple(map(self._thinking, found.others)))

    def _thinking(self, found: ResolvedModel) -> ResolvedModel:
        capabilities = found.info.capabilities
        if capabilities.reasoning or not capabilities.instructions:
            return found
        return replace(found, provider=StepwiseProvider(found.provider, self._max_tokens, self._thinkers))

    def cost(self, model_id: str, usage: Usage) -> float | None:
        """As it is."""
        return self._models.cost(model_id, usage)


class _Remembered:
    """A few names; further ones are not remembered."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """Remember a name."""
        if len(self._names) < _MAX_REMEMBERED:
            self._names.add(name)
