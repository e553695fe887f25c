"""The models that the settings name, ready to answer."""

from millrace.ports import ModelDirectory, Retriever
from millrace.providers.aliases import USUAL_ALIASES, Chain
from millrace.providers.config import ProviderConfig, kind_and_address
from millrace.providers.embedded import EmbeddedProvider
from millrace.providers.overrides import ModelOverride, Price
from millrace.providers.registry import ProviderRegistry
from millrace.routing.breaker import BreakerOptions
from millrace.routing.router import RouterOptions
from millrace.server.settings import Settings
from millrace.server.settings_errors import SettingsError
from millrace.server.settings_groups import ModelOverrides
from millrace.thinking.directory import ThinkingDirectory


def provider_configs(settings: Settings) -> tuple[ProviderConfig, ...]:
    """The providers of the settings, in their order.

    Raises:
        SettingsError: With a sentence for each that cannot be used.
    """
    configs: list[ProviderConfig] = []
    sentences: list[str] = []
    for name, provider in settings.providers.items():
        key = provider.api_key.get_secret_value().strip() if provider.api_key is not None else ""
        kind, base_url = kind_and_address(name, provider.kind, provider.base_url)
        try:
            config = ProviderConfig(
                name,
                kind=kind,
                base_url=base_url,
                api_key=key or None,
                models=provider.models,
                prefill=provider.prefill,
                thinking_budget=provider.thinking_budget,
                background=provider.background,
                overrides={model: _override(said) for model, said in provider.overrides.items()},
            )
        except ValueError as error:
            sentences.append(f"The setting providers.{name} is wrong: {error}.")
        else:
            configs.append(config)
    if sentences:
        raise SettingsError(sentences)
    return tuple(configs)


def _override(said: ModelOverrides) -> ModelOverride:
    price = None
    if said.input_price is not None and said.output_price is not None:
        price = Price(said.input_price, said.output_price, said.cached_input_price)
    return ModelOverride(said.streaming, said.reasoning, said.prefill, said.context_length, price)


def chains(settings: Settings) -> dict[str, Chain]:
    """The chains of models of the settings; a fast model alone is the chain `fast`.

    Raises:
        SettingsError: With a sentence for each that cannot be used.
    """
    found: dict[str, Chain] = {}
    sentences: list[str] = []
    for name, route in settings.routes.items():
        try:
            found[name] = Chain(route.models, route.hedge)
        except ValueError as error:
            sentences.append(f"The setting routes.{name} is wrong: {error}.")
    if sentences:
        raise SettingsError(sentences)
    fast = settings.fast_model
    if fast is not None and (fast in found or fast not in USUAL_ALIASES):
        found.setdefault("fast", found.get(fast) or Chain((fast,)))
    return found


def fast_model(settings: Settings) -> str | None:
    """What thinks of follow-up questions and titles: a model, or the chain of that name."""
    return settings.fast_model or ("fast" if "fast" in settings.routes else None)


def router_options(settings: Settings) -> RouterOptions:
    """What the settings say of failing models."""
    routing = settings.routing
    return RouterOptions(
        breakers=BreakerOptions(
            error_rate=routing.breaker_error_rate,
            least_calls=routing.breaker_calls,
            window_s=routing.breaker_window_s,
            open_s=routing.breaker_open_s,
        ),
        limits={
            name: provider.concurrent_calls
            for name, provider in settings.providers.items()
            if provider.concurrent_calls is not None
        },
        ask_to_go_on=routing.continue_without_prefill,
        hedge_after_calls=routing.hedge_after_calls,
    )


def model_registry(settings: Settings, retriever: Retriever) -> ProviderRegistry:
    """The directory of all models; it lists nothing before it is started.

    Raises:
        SettingsError: A provider cannot be used.
    """
    try:
        return ProviderRegistry(
            provider_configs(settings),
            default_model=settings.default_model,
            chains=chains(settings),
            extra=[EmbeddedProvider(retriever)],
            discover_local=settings.discover_local,
            own_ports=[settings.port],
        )
    except ValueError as error:
        raise SettingsError([f"{error}."]) from None


def thinking_models(settings: Settings, models: ModelDirectory) -> ModelDirectory:
    """The models as answers are made with them: those that do not think by themselves are asked for steps."""
    thinking = settings.thinking
    return ThinkingDirectory(models, thinking.steps_tokens) if thinking.steps_enabled else models
