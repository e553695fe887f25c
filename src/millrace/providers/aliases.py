"""Names that stand for chains of models. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from millrace.model.generation import ModelAlias

DEFAULT = "default"
USUAL_ALIASES = (DEFAULT, "fast", "smart")
"""Names that may always be asked for; one that is not configured is the default model."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Chain:
    """Models of which each takes over from the one before it, as `provider/name`.

    Args:
        models: Their names.
        hedge: Whether the next one may be asked, too, when a first word is late.

    Raises:
        ValueError: There are none.
    """

    models: tuple[str, ...]
    hedge: bool = False

    def __post_init__(self) -> None:
        if not self.models or not all(model.strip() for model in self.models):
            raise ValueError('name its models as ["provider/name", ...]')


class Aliases:
    """The configured chains by their names, and what stands for the default model.

    Args:
        chains: By name.
        default_model: The model or chain that answers where none is named; the chain `default` where there is none.

    Raises:
        ValueError: A name cannot be, or a chain names another one.
    """

    def __init__(self, chains: Mapping[str, Chain], default_model: str | None = None) -> None:
        for name, chain in chains.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f'routes: "{name}" cannot name a chain of models: use letters, digits, ".", "_", "-"')
            named = next((model for model in chain.models if model in chains or model in USUAL_ALIASES), None)
            if named is not None:
                raise ValueError(f'routes.{name} names the chain "{named}": name its models instead')
        self._chains = dict(chains)
        self._default = default_model
        self.default_model = None if default_model in chains else default_model
        """The one model that is configured as the default; none where that is a chain, or nothing."""

    def chain(self, name: str | None) -> Chain | None:
        """The chain that a name (or none) means; none where it means one model."""
        if name is None or name == DEFAULT or (name in USUAL_ALIASES and name not in self._chains):
            name = self._default or DEFAULT
        return self._chains.get(name)

    def is_default(self, name: str | None) -> bool:
        """Whether a name means the one default model, because no chain of that name is configured."""
        return name is None or name in USUAL_ALIASES

    def listed(self) -> tuple[ModelAlias, ...]:
        """The configured chains as they are shown."""
        return tuple(ModelAlias(name, chain.models, chain.hedge) for name, chain in self._chains.items())
