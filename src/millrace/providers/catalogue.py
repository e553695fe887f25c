"""Which model a name means, and which one answers where none is named. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from millrace.model.errors import InvalidRequest
from millrace.model.generation import ModelInfo
from millrace.providers.listings import is_chat_model, model_info

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models of all providers at one moment.

    Args:
        listed: What each provider offers, by its name; providers in order of preference. One that is known but lists
            nothing has an empty tuple.
        wanted: The default that is configured, if one is.
        describe: What is known of a model that is not listed, by the names of its provider and its own.
    """

    listed: Mapping[str, Sequence[ModelInfo]]
    wanted: str | None = None
    describe: Callable[[str, str], ModelInfo] = model_info

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """All models: providers in order of preference, their models by name."""
        return tuple(info for infos in self.listed.values() for info in sorted(infos, key=lambda info: info.name))

    @property
    def default(self) -> str:
        """The id of the model that answers where none is named; empty where there is none at all.

        It is the configured one; else the first chat model of the most preferred provider that has any.
        """
        if self.wanted is not None:
            try:
                return self.find(self.wanted).id
            except InvalidRequest:
                return self.wanted
        return next((info.id for infos in self.listed.values() for info in infos if is_chat_model(info.name)), "")

    def find(self, model: str | None) -> ModelInfo:
        """The model that `provider/name`, a name alone, or nothing means.

        A name that its provider does not list is passed through; `provider/` is the first chat model that it lists.

        Raises:
            InvalidRequest: There is no such provider, the name is nobody's or of several.
        """
        if model is None:
            if not self.default:
                raise InvalidRequest("No model is configured. Set OPENAI_API_KEY or start a local model server.")
            return self.find(self.default)
        provider, _, name = model.partition("/")
        if name and provider in self.listed:
            known = next((info for info in self.listed[provider] if info.name == name), None)
            return known or self.describe(provider, name)
        if not name and model.endswith("/") and (first := self._first(provider)) is not None:
            return first
        return self._by_name(model)

    def _first(self, provider: str) -> ModelInfo | None:
        """The model of a provider that answers where only the provider is named: its part of the default, if any."""
        default_provider, _, default_name = self.default.partition("/")
        if provider == default_provider:
            return self.find(f"{provider}/{default_name}")
        return next((info for info in self.listed.get(provider, ()) if is_chat_model(info.name)), None)

    def _by_name(self, name: str) -> ModelInfo:
        found = [info for info in self.models if info.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            choices = " or ".join(info.id for info in found[:_MAX_NAMED])
            raise InvalidRequest(f'Several providers have a model "{_short(name)}". Name one of them: {choices}.')
        raise InvalidRequest(f'There is no model "{_short(name)}". {self._advice(name)}')

    def _advice(self, name: str) -> str:
        near = get_close_matches(name, [alias for info in self.models for alias in (info.id, info.name)], n=1)
        if near:
            return f'Did you mean "{near[0]}"?'
        return "Name one as provider/model; the list of models shows what there is."


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:79]}…"
