"""The protocols that providers can be called with: what is made of a configuration, and what is known of a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from millrace.model.generation import ModelInfo
from millrace.ports import Provider
from millrace.providers.anthropic import AnthropicProvider
from millrace.providers.anthropic_models import claude_info
from millrace.providers.config import ProviderConfig
from millrace.providers.gemini import GeminiProvider
from millrace.providers.gemini_models import gemini_info
from millrace.providers.http import HttpClient
from millrace.providers.listings import model_info
from millrace.providers.ollama import OllamaProvider
from millrace.providers.openai import OpenAIProvider
from millrace.providers.responses import ResponsesProvider


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
    return OpenAIProvider(config.name, config.base_url, config.api_key, http, thinking_budget=config.thinking_budget)


def _anthropic(config: ProviderConfig, http: HttpClient) -> Provider:
    return AnthropicProvider(config.name, config.base_url, config.api_key, http, thinking_budget=config.thinking_budget)


def _ollama(config: ProviderConfig, http: HttpClient) -> Provider:
    return OllamaProvider(config.name, config.base_url, config.api_key, http, thinking_budget=config.thinking_budget)


def _openai_responses(config: ProviderConfig, http: HttpClient) -> Provider:
    return ResponsesProvider(
        config.name,
        config.base_url,
        config.api_key,
        http,
        background=config.background,
        thinking_budget=config.thinking_budget,
    )


def _gemini(config: ProviderConfig, http: HttpClient) -> Provider:
    return GeminiProvider(config.name, config.base_url, config.api_key, http, thinking_budget=config.thinking_budget)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "openai": Kind(_openai),
        "openai-responses": Kind(_openai_responses),
        "gemini": Kind(_gemini, gemini_info),
        "anthropic": Kind(_anthropic, claude_info),
        "ollama": Kind(_ollama),
    }
)
"""By the name that `kind` of a configuration has."""
