"""One fault, once: many answers at a time, struck in their midst, and every token of them counted."""

import asyncio
import itertools
import ssl
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

import httpx2
from msgspec import Struct
from msgspec.structs import replace
from tests.support.chat_client import Visitor, origin_of
from tests.support.journal import requests_of
from tests.support.socketio_speakers import TokensEventsSpeaker
from tests.support.speakers import ChatSpeaker, Speaker, TokensSpeaker

from chaos.client import LOST, Client, next_word
from chaos.counting import Counts, Evidence, count, total
from chaos.faults import Fault
from chaos.sites import Site
from millrace.testing.simulator import expected_tokens

T = TypeVar("T")
TRANSPORTS: Mapping[str, type[Speaker]] = {
    "WebSocket": ChatSpeaker,
    "SSE": TokensSpeaker,
    "Socket.IO": TokensEventsSpeaker,
}
"""Each with what is spoken over it: `chat`, `tokens`, and the events of `tokens`."""
INTERVAL_MS = 60
"""Between two tokens of an answer. All answers together are what two shared cores can carry."""
CUT_TOKENS, CUT_AFTER = 120, 60
GOES_ON = ("sim/sim?", "plain/sim?overlap=8&", "plain/sim?")
"""A model that continues exactly, one that says eight tokens again first, and one that begins anew."""
CUT_SEED = 0
BEGUN = (1, 4)
"""The fault comes when every answer has at least so many tokens, each as many as chance says."""
LIMIT_S = 60.0
AT_ONCE = 24


class Answer(Struct, frozen=True):
    """One answer's fate.

    Attributes:
        transport: What carried it.
        counts: What was counted.
        problem: What is wrong with it, in words; empty where nothing is.
        elsewhere: Its reader was connected to another process than its writer.
        exact: Its model continues exactly where a text ends.
        next_word_s: From the fault to the next token.
    """

    transport: str
    counts: Counts
    problem: str
    elsewhere: bool
    exact: bool
    next_word_s: float | None


class Round(Struct, frozen=True):
    """What came of one fault.

    Attributes:
        backend: Where.
        fault: Which.
        seed: The chance in it.
        answers: What became of each.
        leaked: Connections to the provider that were open afterwards.
        asked_again: Questions that were refused before anything was broken.
        recovered: Whether a new question was answered afterwards.
        seconds: How long it all took.
    """

    backend: str
    fault: str
    seed: int
    answers: Sequence[Answer]
    leaked: int
    asked_again: int
    recovered: bool
    seconds: float

    @property
    def counts(self) -> Counts:
        """All answers together."""
        return total([*(answer.counts for answer in self.answers), Counts(leaked=self.leaked)])

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong, a line for each."""
        found = [answer.problem for answer in self.answers if answer.problem]
        if self.leaked:
            found.append(f"{self.leaked} connections to the provider were still open")
        if not self.recovered:
            found.append("a new question was not answered afterwards")
        return found


def routes(interval_ms: int) -> Mapping[str, str]:
    """Routes for answers whose provider is cut off, by how the second model goes on."""
    pace = f"seed={CUT_SEED}&{_pace(CUT_TOKENS, interval_ms)}"
    first = f"cut/sim?{pace}&fault=cut&after={CUT_AFTER}"
    return {f"chain{number}": f"{first}, {model}{pace}" for number, model in enumerate(GOES_ON[:2])}


def _pace(tokens: int, interval_ms: int) -> str:
    return f"tokens={tokens}&text=places&interval_ms={interval_ms}"


class Players:
    """Does one round after the other at one site.

    Args:
        site: Where.
        transports: Which, by name.
        turns: Answers at a time for each of them.
        interval_ms: Between two tokens of each.
    """

    def __init__(self, site: Site, transports: Sequence[str], turns: int, interval_ms: int) -> None:
        self._site = site
        self._transports = transports
        self._turns = turns
        self._interval_ms = interval_ms
        self._users: dict[str, list[Visitor]] = {}
        self._tls = ssl.create_default_context()  # none is used, and each client would make its own, which takes 50 ms

    async def play(self, fault: Fault, seed: int) -> Round:
        """Do a round."""
        began, random, site = time.monotonic(), Random(seed), self._site
        await self._prepare(fault)
        clients = [
            await self._client(name, number, fault, random)
            for name in self._transports
            for number in range(self._turns)
        ]
        try:
            answers = await self._strike(fault, clients, random)
        finally:
            await _all(client.leave() for client in clients)
        recovered = await self._ask_again()
        asked_again = sum(client.asked_again for client in clients)
        leaked = sum(request.closed_by is None for request in await requests_of(site.simulator, settled_within_s=5))
        return Round(site.backend, fault.name, seed, answers, leaked, asked_again, recovered, time.monotonic() - began)

    async def _strike(self, fault: Fault, clients: Sequence[Client], random: Random) -> Sequence[Answer]:
        """Let all clients ask, strike, and wait until each knows the end of its answer."""
        await _all(client.open() for client in clients)
        moved = clients[1::2] if len(self._site.nodes) > 1 else []
        await _all(
            client.begin(number, random.randint(*BEGUN), 1 if client in moved else None)
            for number, client in enumerate(clients)
        )
        following = [asyncio.create_task(client.follow()) for client in clients]
        await asyncio.sleep(random.uniform(0.1, 1.0))
        # A provider that breaks off does so in the midst of each answer, whenever that is.
        in_flight = [fault.cut or client.heard.over is None for client in clients]
        struck = await fault.strike(self._site, random)
        await asyncio.wait(following, timeout=LIMIT_S)
        failures = [_failure(task) for task in following]
        return await asyncio.gather(
            *(
                self._judge(client, fault, struck, failure, elsewhere=client in moved, in_flight=flying)
                for client, failure, flying in zip(clients, failures, in_flight, strict=True)
            )
        )

    async def close(self) -> None:
        """Let all users go."""
        for visitors in self._users.values():
            for visitor in visitors:
                await visitor.http.aclose()

    async def _prepare(self, fault: Fault) -> None:
        site = self._site
        await site.heal()
        if fault.wrong_clock and site.clock is not None:
            for node in site.nodes:
                await node.stop()
                await node.start(site.clock.environment)
        async with httpx2.AsyncClient(timeout=30) as http:
            (await http.delete(f"{site.simulator.url}/_requests")).raise_for_status()

    async def _client(self, transport: str, number: int, fault: Fault, random: Random) -> Client:
        # A Socket.IO client hears all of its user's answers, so there each is a user of its own.
        user = f"{transport} {number}" if transport == "Socket.IO" else transport
        client = Client(TRANSPORTS[transport], await self._visitors(user), Random(random.random()))
        seed = random.randrange(1, 26**3)
        pace = _pace(fault.tokens, self._interval_ms)
        client.model = f"{GOES_ON[number % len(GOES_ON)]}seed={seed}&{pace}"
        if fault.cut and number % 3 < 2:
            seed, client.model = CUT_SEED, f"chain{number % 3}"
        elif fault.cut:
            client.model = f"cut/sim?seed={seed}&{pace}&fault=cut&after={CUT_AFTER}"
        client.expected = [word.strip() for word in expected_tokens(f"sim?seed={seed}&{pace}")]
        return client

    async def _visitors(self, user: str) -> Sequence[Visitor]:
        """A user at each gate."""
        if user not in self._users:
            urls = [gate.url for gate in self._site.gates]
            here, *others = [
                httpx2.AsyncClient(base_url=url, headers={"Origin": origin_of(url)}, timeout=20, verify=self._tls)
                for url in urls
            ]
            (await here.get("/api/auth/session")).raise_for_status()
            for other in others:
                other.cookies = here.cookies
            self._users[user] = [Visitor(url, http) for url, http in zip(urls, (here, *others), strict=True)]
        return self._users[user]

    async def _judge(
        self, client: Client, fault: Fault, struck: float, failure: str, *, elsewhere: bool, in_flight: bool
    ) -> Answer:
        heard = client.heard
        kept = await self._kept(client)
        faults = [*client.faults, *([failure] if failure else [])]
        evidence = Evidence(
            client.expected, tuple(heard.pieces), tuple(heard.overs), kept, fault.honest, client.told, faults
        )
        counts = replace(count(evidence), in_flight=in_flight, returns=client.returns)
        problem = ""
        if violations := counts.violations():
            end = heard.overs[0] if heard.overs else None
            found = (len(kept.text.split()), kept.status) if kept else client.unkept
            problem = (
                f"{client.kind.name}, turn {heard.turn_id}, {client.model}: {dict(violations)}; "
                f"{len(heard.text.split())} tokens, seq {heard.seq}, {client.returns} returns, "
                f"end {end and (end.kind, end.code)}, kept {found}, "
                f"refusals {client.refusals[-3:]}, {faults}"
            )
        transport = next(name for name, kind in TRANSPORTS.items() if kind is client.kind)
        exact = client.model.startswith(GOES_ON[0])
        return Answer(transport, counts, problem, elsewhere, exact, next_word(heard.times, struck))

    async def _kept(self, client: Client) -> Any:
        """The answer in the conversation; waited for, because a database that was away may come back later."""
        deadline = time.monotonic() + LIMIT_S
        while (kept := await client.kept()) is None and time.monotonic() < deadline and client.heard.session_id:
            await asyncio.sleep(0.2)
        return kept

    async def _ask_again(self) -> bool:
        """Whether somebody new is answered, now or soon."""
        visitors = await self._visitors("WebSocket")
        try:
            async with asyncio.timeout(LIMIT_S):
                for visitor in itertools.cycle(visitors):
                    try:
                        await self._ask_once(visitor)
                    except (*LOST, AssertionError):
                        await asyncio.sleep(0.1)
                    else:
                        return True
        except TimeoutError:
            pass
        return False

    async def _ask_once(self, visitor: Visitor) -> None:
        async with ChatSpeaker.connected(visitor) as speaker:
            heard = await speaker.ask("Now?", model="sim/sim?tokens=3&text=places")
            over = await heard.ended()
            assert over.kind == "complete"


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do them, not too many at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(work: Coroutine[Any, Any, None]) -> None:
        async with places:
            await work

    await asyncio.gather(*map(one, works))


def _failure(task: "asyncio.Task[None]") -> str:
    """What became of a client that did not come to the end."""
    if not task.done():
        task.cancel()
        return ""
    error = task.exception()
    return "" if error is None or isinstance(error, TimeoutError) else repr(error)
