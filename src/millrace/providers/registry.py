"""The model directory: which models there are, from settings, the environment and this machine, and who serves them."""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Collection, Mapping, Sequence

import msgspec

from millrace.model.errors import InvalidRequest, MillraceError
from millrace.model.events import Usage
from millrace.model.generation import ModelAlias, ModelInfo
from millrace.ports import Provider, ResolvedModel
from millrace.providers.aliases import Aliases, Chain
from millrace.providers.catalogue import Catalogue
from millrace.providers.config import ProviderConfig
from millrace.providers.discovery import LOCAL_SERVERS, Found, LocalServer, discover
from millrace.providers.http import HttpClient
from millrace.providers.kinds import KINDS, make_provider
from millrace.providers.listings import model_info
from millrace.providers.overrides import ModelOverride, override_of
from millrace.providers.pricing import Pricing
from millrace.providers.whole_answers import WholeAnswers

START_S = 1.0
"""The most that a start waits for listings, in seconds; what comes later is taken in when it comes."""
REFRESH_S = 600.0
RETRY_S = 30.0
"""Time between two rounds while a provider does not answer, in seconds."""

_logger = logging.getLogger(__name__)


class ProviderRegistry:
    """A `ModelDirectory` over configured providers, local servers and providers of one's own.

    Args:
        configs: Configured providers, in order of preference; of several with one name the first counts.
        default_model: The model or alias that answers where none is named.
        chains: Chains of models, by the names that stand for them.
        extra: Providers that need no configuration, the embedded one for example; least preferred.
        discover_local: Whether servers on this machine are looked for.
        own_ports: Ports on which this process itself listens.
        local_servers: Where to look for servers on this machine.
        http: The shared HTTP; closed with the registry.

    Raises:
        ValueError: Two of `extra`, or one of them and a configured provider, have one name; or a chain cannot be.
    """

    def __init__(
        self,
        configs: Sequence[ProviderConfig] = (),
        *,
        default_model: str | None = None,
        chains: Mapping[str, Chain] | None = None,
        extra: Sequence[Provider] = (),
        discover_local: bool = True,
        own_ports: Collection[int] = (),
        local_servers: Sequence[LocalServer] = LOCAL_SERVERS,
        http: HttpClient | None = None,
    ) -> None:
        self._http = http or HttpClient()
        self._configs: dict[str, ProviderConfig] = {}
        for config in configs:
            self._configs.setdefault(config.name, config)
        self._configured: dict[str, Provider] = {name: self._made(config) for name, config in self._configs.items()}
        self._extra = {provider.name: provider for provider in extra}
        if len(self._extra) < len(extra) or self._extra.keys() & self._configs.keys():
            raise ValueError(f"a provider cannot be named like a built-in one: {', '.join(self._extra)}")
        taken = self._configs.keys() | self._extra.keys()
        self._servers = tuple(server for server in local_servers if discover_local and server.name not in taken)
        self._skip_ports = {*own_ports, *(config.address[1] for config in self._configs.values() if config.local)}
        self._local: dict[str, Provider] = {}
        self._listed: dict[str, tuple[ModelInfo, ...]] = {}
        self._problems: dict[str, MillraceError] = {}
        self._pricing = Pricing()
        self._aliases = Aliases(chains or {}, default_model)
        self._catalogue = self._gathered()
        self._first_round = asyncio.Event()
        self._refresher: asyncio.Task[None] | None = None

    async def start(self, limit_s: float = START_S) -> None:
        """Begin to keep the listings fresh; wait for the first round, but not longer than `limit_s` seconds."""
        if self._refresher is None:
            self._refresher = asyncio.create_task(self._keep_fresh(), name="model listings")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._first_round.wait(), limit_s)

    async def close(self) -> None:
        """Stop refreshing and release all connections."""
        if self._refresher is not None:
            refresher, self._refresher = self._refresher, None
            refresher.cancel()
            await asyncio.wait([refresher])
            if not refresher.cancelled():
                refresher.result()  # it never ends by itself: this raises what broke it
        for provider in self._providers().values():
            await provider.close()
        await self._http.close()

    @property
    def default(self) -> str:
        """The id of the model that answers first where none is named; empty where there is none at all."""
        if self._aliases.chain(None) is None:
            return self._catalogue.default
        try:
            return self.resolve(None).info.id
        except InvalidRequest:
            return ""

    @property
    def problems(self) -> Mapping[str, MillraceError]:
        """The providers whose models could not be listed the last time, and why."""
        return dict(self._problems)

    def models(self) -> Sequence[ModelInfo]:
        """The models that are known: providers in order of preference, their models by name."""
        return self._catalogue.models

    def aliases(self) -> Sequence[ModelAlias]:
        """The names that stand for chains of models, as they are configured."""
        return self._aliases.listed()

    def resolve(self, model: str | None) -> ResolvedModel:
        """Find an alias, `provider/name`, an unambiguous name alone, or the default.

        Models of a chain that are not there at the moment are left out.

        Raises:
            InvalidRequest: There is no such provider, the name is nobody's or of several.
        """
        chain = self._aliases.chain(model)
        if chain is None:
            return self._link(None if self._aliases.is_default(model) else model)
        links: list[ResolvedModel] = []
        for name in chain.models:
            with contextlib.suppress(InvalidRequest):
                links.append(self._link(name))
        if not links:
            raise InvalidRequest(f"None of the models {', '.join(chain.models)} is there now. Name another one.")
        return dataclasses.replace(links[0], others=tuple(links[1:]), hedge=chain.hedge)

    def _link(self, model: str | None) -> ResolvedModel:
        """One model."""
        info = self._catalogue.find(model)
        config = self._configs.get(info.provider)
        if config is not None:
            info = _as_configured(config, info)
        provider = self._providers()[info.provider]
        return ResolvedModel(info, provider if info.capabilities.streaming else WholeAnswers(provider))

    def cost(self, model_id: str, usage: Usage) -> float | None:
        """The price of a generation in US dollars; none where it is not known."""
        provider, _, name = model_id.partition("/")
        config = self._configs.get(provider)
        if config is None:
            return None
        said = override_of(name, config.overrides)
        if said is not None and said.price is not None:
            return said.price.of(usage)
        return self._pricing.cost(config.base_url, name, usage)

    async def refresh(self) -> None:
        """Ask all providers now; one that does not answer keeps what it listed before."""
        await asyncio.gather(
            self._look_around(), self._load_prices(), *(self._list(name) for name in (*self._configured, *self._extra))
        )

    async def _keep_fresh(self) -> None:
        while True:
            await self.refresh()
            self._first_round.set()
            await asyncio.sleep(RETRY_S if self._problems else REFRESH_S)

    async def _list(self, name: str) -> None:
        config = self._configs.get(name)
        if config is not None and config.models:
            return
        try:
            infos = await self._providers()[name].models()
        except MillraceError as error:
            if name not in self._problems:
                _logger.warning("provider %s does not list its models: %s (%s)", name, error.message, error.detail)
            self._problems[name] = error
            return
        self._problems.pop(name, None)
        self._listed[name] = tuple(infos)
        self._catalogue = self._gathered()

    async def _look_around(self) -> None:
        if not self._servers:
            return
        found = await discover(self._http, self._servers, skip_ports=self._skip_ports)
        self._local = {server.config.name: self._known_or_made(server) for server in found}
        self._listed.update({server.config.name: server.models for server in found})
        self._catalogue = self._gathered()

    async def _load_prices(self) -> None:
        if self._pricing.loaded or all(config.local for config in self._configs.values()):
            return
        await asyncio.to_thread(self._pricing.load)
        self._catalogue = self._gathered()

    def _known_or_made(self, found: Found) -> Provider:
        return self._local.get(found.config.name) or self._made(found.config)

    def _made(self, config: ProviderConfig) -> Provider:
        return make_provider(config, self._http)

    def _described(self, provider: str, name: str) -> ModelInfo:
        """What is known of a model before a listing says more."""
        config = self._configs.get(provider)
        return model_info(provider, name) if config is None else KINDS[config.kind].describe(provider, name)

    def _providers(self) -> dict[str, Provider]:
        return {**self._configured, **self._local, **self._extra}

    def _gathered(self) -> Catalogue:
        return Catalogue(
            {name: self._offered(name) for name in self._providers()}, self._aliases.default_model, self._described
        )

    def _offered(self, name: str) -> tuple[ModelInfo, ...]:
        config = self._configs.get(name)
        if config is None:
            return self._listed.get(name, ())
        infos = tuple(self._described(name, model) for model in config.models) or self._listed.get(name, ())
        return tuple(_as_configured(config, self._measured(config, info)) for info in infos)

    def _measured(self, config: ProviderConfig, info: ModelInfo) -> ModelInfo:
        if info.context_length is not None:
            return info
        return msgspec.structs.replace(info, context_length=self._pricing.context_length(config.base_url, info.name))


def _as_configured(config: ProviderConfig, info: ModelInfo) -> ModelInfo:
    """What the operator says of a provider's models holds for those that it does not list, too."""
    said = override_of(info.name, config.overrides)
    info = ModelOverride(prefill=config.prefill).applied(info)
    return info if said is None else said.applied(info)
