"""Puts a server together: opens its parts in order and closes them in the opposite one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import millrace
from millrace.dialects.study import STUDY
from millrace.engine.engine import Engine
from millrace.engine.options import EngineOptions
from millrace.knowledge.builtin import builtin_documents
from millrace.knowledge.knowledge_base import KnowledgeBase
from millrace.limits.connections import ConnectionCounter
from millrace.limits.ledger import RateLedger
from millrace.limits.ledgers import Ledgers
from millrace.limits.quota import QuotaLedger
from millrace.limits.rates import Rates
from millrace.limits.tokens import TokenLedger
from millrace.ops.clock import SystemClock
from millrace.ops.garbage import GcMeter
from millrace.ops.metrics import Metrics, Snapshot
from millrace.ports import (
    Clock,
    EmotionAnalyzer,
    Ledger,
    ModelDirectory,
    Store,
    TurnLog,
    TurnRegistry,
)
from millrace.routing.router import Router
from millrace.server.accounts import Accounts
from millrace.server.auth import Authentication, KnownUsers
from millrace.server.cookies import Cookies
from millrace.server.data_dir import opened_data_dir
from millrace.server.guests import GuestDesk
from millrace.server.insights import open_insights
from millrace.server.keys import ApiKeys
from millrace.server.models import model_registry, router_options, thinking_models
from millrace.server.refresh import Families, MemoryFamilies, RefreshTokens, SqlFamilies
from millrace.server.secret import signing_secret
from millrace.server.services import Services
from millrace.server.settings import Settings
from millrace.server.shares import ShareLinks
from millrace.server.tickets import MemoryTickets
from millrace.server.tokens import LocalTokens, PublicKeyVerifier, SharedSecretVerifier, Verifier
from millrace.server.turn_logs import TurnLogs, open_turn_logs
from millrace.stores.database import open_database
from millrace.stores.sql import SqlStore

KNOWLEDGE_FILE = "knowledge.db"
_RECOVERY_S = 2.0
_LEASES_S = 0.5
"""With leases that end, and are renewed as often: an answer goes on within 2 s of the end of its dead owner's lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Parts to use instead of those that the settings name. Whoever made them closes them.

    `log` and `registry` belong together: give both or none.
    """

    store: Store | None = None
    log: TurnLog | None = None
    registry: TurnRegistry | None = None
    models: ModelDirectory | None = None
    ledger: Ledger | None = None
    knowledge: KnowledgeBase | None = None
    emotion: EmotionAnalyzer | None = None
    clock: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What was opened for one server."""

    store: Store
    logs: TurnLogs
    knowledge: KnowledgeBase
    models: ModelDirectory
    families: Families
    secret: bytes


@asynccontextmanager
async def compose(
    settings: Settings, ports: Ports, connections: ConnectionCounter, metrics: Metrics
) -> AsyncIterator[Services]:
    """Open everything, in order, and give the running server's parts.

    Args:
        settings: What is opened.
        ports: What is there already.
        connections: Counts the connections.
        metrics: Counts everything else.

    Raises:
        SettingsError: The data folder is in use or cannot be used.
        MillraceError: A part cannot be opened.
    """
    clock = ports.clock or SystemClock()
    async with AsyncExitStack() as stack:
        stack.enter_context(opened_data_dir(settings.data_dir, exclusive=settings.uses_data_dir))
        parts = await _open_parts(settings, ports, clock, stack)
        router = Router(clock, router_options(settings))
        insights = await asyncio.to_thread(open_insights, settings, parts.models, router, emotion=ports.emotion)
        engine = Engine(
            log=parts.logs.log,
            registry=parts.logs.registry,
            store=parts.store,
            models=thinking_models(settings, parts.models),
            clock=clock,
            options=engine_options(settings),
            ledger=ports.ledger or _ledger(settings, parts.store, clock),
            retriever=parts.knowledge,
            insights=insights,
            router=router,
            meter=metrics,
        )
        await engine.open()
        stack.push_async_callback(engine.close)
        gc_meter = GcMeter(clock)
        gc_meter.start()
        stack.callback(gc_meter.stop)
        services = _services(settings, clock, parts, engine, router, gc_meter, connections, metrics)
        metrics.watch(partial(_snapshot, services, clock.now_ms() / 1000))
        yield services


def engine_options(settings: Settings) -> EngineOptions:
    """What the settings say to the engine."""
    generation, limits = settings.generation, settings.limits
    return EngineOptions(
        max_tokens=generation.max_tokens,
        generation_timeout_s=generation.generation_timeout_s,
        first_token_timeout_s=generation.first_token_timeout_s,
        idle_timeout_s=generation.idle_timeout_s,
        thinking_timeout_s=settings.thinking.timeout_s,
        steps_enabled=settings.thinking.steps_enabled,
        on_busy=generation.on_busy,
        queue_limit=limits.queue,
        on_disconnect=generation.on_disconnect,
        disconnect_grace_s=generation.disconnect_grace_s,
        history_messages=generation.history_messages,
        message_chars=limits.message_chars,
        system_prompt=generation.system_prompt,
        log_retention_s=settings.log_retention_s,
        recovery_interval_s=_RECOVERY_S if settings.log != "redis" else min(_LEASES_S, settings.lease_s / 5),
        guidance_enabled=generation.guidance_enabled,
        guidance_budget_s=generation.guidance_budget_s,
        suggestions_budget_s=generation.suggestions_budget_s,
        caller_api_keys=settings.caller_api_keys,
    )


def _ledger(settings: Settings, store: Store, clock: Clock) -> Ledger:
    """What users may ask: a rate of questions, and of tokens and free answers where there are limits to them."""
    limits, study = settings.limits, settings.study
    ledgers: list[Ledger] = [RateLedger(limits.turns_per_minute, clock)]
    if limits.tokens_per_minute:
        ledgers.append(TokenLedger(limits.tokens_per_minute, clock))
    if study.free_chats_per_month:

        async def completed(user_id: str, since_ms: int) -> int:
            return await store.completed_turns(user_id, origin=STUDY, since_ms=since_ms)

        ledgers.append(QuotaLedger(study.free_chats_per_month, completed, clock))
    return Ledgers(*ledgers)


def verifier_for(settings: Settings, tokens: LocalTokens, secret: bytes, clock: Clock) -> Verifier:
    """What verifies access tokens in the mode that is set."""
    if settings.auth.mode != "jwt":
        return tokens
    if settings.jwt.jwks_url is not None:
        return PublicKeyVerifier(settings.jwt, clock)
    return SharedSecretVerifier(secret, settings.jwt)


async def _open_parts(settings: Settings, ports: Ports, clock: Clock, stack: AsyncExitStack) -> _Parts:
    store = ports.store
    if store is None:
        store = await SqlStore.open(settings.store_url)
        stack.push_async_callback(store.close)
    logs = await _open_logs(settings, ports, clock, stack)
    knowledge = ports.knowledge
    if knowledge is None:
        builtin = await asyncio.to_thread(builtin_documents)
        knowledge = await KnowledgeBase.open(settings.data_dir / KNOWLEDGE_FILE, builtin=builtin)
        stack.push_async_callback(knowledge.close)
    return _Parts(
        store=store,
        logs=logs,
        knowledge=knowledge,
        models=ports.models or await _open_models(settings, knowledge, stack),
        families=await _open_families(settings, ports, stack),
        secret=await asyncio.to_thread(signing_secret, settings),
    )


async def _open_models(settings: Settings, knowledge: KnowledgeBase, stack: AsyncExitStack) -> ModelDirectory:
    registry = model_registry(settings, knowledge)
    stack.push_async_callback(registry.close)
    await registry.start()
    return registry


async def _open_logs(settings: Settings, ports: Ports, clock: Clock, stack: AsyncExitStack) -> TurnLogs:
    if ports.log is not None and ports.registry is not None:
        return TurnLogs(log=ports.log, registry=ports.registry, tickets=MemoryTickets(clock))
    return await open_turn_logs(settings, clock, stack)


async def _open_families(settings: Settings, ports: Ports, stack: AsyncExitStack) -> Families:
    """Sign-ins are kept in the database of the settings; beside a store that was passed in, in memory."""
    if settings.auth.mode != "accounts" or ports.store is not None:
        return MemoryFamilies()
    families = SqlFamilies(await asyncio.to_thread(open_database, settings.store_url))
    stack.push_async_callback(families.close)
    await families.open()
    return families


def _services(
    settings: Settings,
    clock: Clock,
    parts: _Parts,
    engine: Engine,
    router: Router,
    gc_meter: GcMeter,
    connections: ConnectionCounter,
    metrics: Metrics,
) -> Services:
    tokens, rates, tickets = LocalTokens(parts.secret, clock), Rates(), parts.logs.tickets
    keys = ApiKeys(parts.store, clock)
    authentication = Authentication(
        mode=settings.auth.mode,
        verifier=verifier_for(settings, tokens, parts.secret, clock),
        keys=keys,
        tickets=tickets,
        users=KnownUsers(parts.store, clock),
        page_origins=settings.page_origins,
        guests=tokens if settings.auth.mode == "jwt" and settings.auth.allow_guests else None,
    )
    return Services(
        settings=settings,
        clock=clock,
        store=parts.store,
        models=parts.models,
        engine=engine,
        router=router,
        documents=parts.knowledge,
        access=engine.access,
        shares=ShareLinks(engine.access, parts.store, clock, enabled=settings.auth.share_links),
        authentication=authentication,
        tokens=tokens,
        keys=keys,
        tickets=tickets,
        cookies=Cookies(settings.public_url),
        guests=GuestDesk(rates, settings.limits.guests_per_minute),
        accounts=Accounts(parts.store, settings, rates, clock),
        refresh=RefreshTokens(tokens, parts.families, clock, settings.auth.refresh_token_s),
        rates=rates,
        connections=connections,
        gc_meter=gc_meter,
        metrics=metrics,
        log_ready=parts.logs.ready,
        stopping=asyncio.Event(),
        started_at=clock.monotonic(),
    )


def _snapshot(services: Services, started_at: float) -> Snapshot:
    """What goes on now, for whoever looks at the metrics."""
    turns = services.engine.status()
    return Snapshot(
        version=millrace.__version__,
        workers=services.settings.workers,
        started_at=started_at,
        connections=services.connections.total,
        connections_opened=services.connections.opened,
        running=turns.running,
        queued=turns.queued,
        followers=turns.followers,
        pieces=turns.pieces,
        gc_pause_max_s=services.gc_meter.max_pause_ms / 1000,
        breakers={gate.provider: gate.breaker for gate in services.router.status()},
    )
