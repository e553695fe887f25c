"""The protocols that providers can be called with: what is made of a configuration, and what is known of a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from millrace.model.generation import ModelInfo
from millrace.ports import Provider
from millrace.providers.config import ProviderConfig
from millrace.providers.http import HttpClient
from millrace.providers.listings import model_info
from millrace.providers.openai import OpenAIProvider


@dataclass(frozen=True, slots=True)
class Kind:
    """One protocol.

    Args:
        make: The provider of a configuration; it opens no connection yet.
        describe: What is known of a model by the names of its provider and its own, before a listing says more.
    """

    make: Callable[[ProviderConfig, HttpClient], Provider]
    describe: Callable[[str, str], ModelInfo] = model_info


def make_provider(config: ProviderConfig, http: HttpClient) -> Provider:
    """The provider of a configuration, on the shared HTTP."""
    return KINDS[config.kind].make(config, http)


def _openai(config: ProviderConfig, http: HttpClient) -> Provider:
    return OpenAIProvider(config.name, config.base_url, config.api_key, http)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "openai": Kind(_openai),
    }
)
"""By the name that `kind` of a configuration has."""
