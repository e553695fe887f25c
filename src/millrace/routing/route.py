"""One answer on its way through a chain of models."""

from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from millrace.model.errors import ContextTooLong, Interrupted, MillraceError
from millrace.model.generation import GenerationRequest, StepFound, Switched
from millrace.ports import DeltaSink, ResolvedModel
from millrace.routing.attempt import Attempt
from millrace.routing.continuation import Continuation
from millrace.routing.continuing import anchor_of, continued
from millrace.routing.experience import Experience
from millrace.routing.hedge import Hedge
from millrace.routing.overlap import OverlapTrimmer
from millrace.routing.verdicts import verdict_on

PASSED_OVER = "unavailable"
"""Why a model was not asked whose provider failed too often lately."""


class Route:
    """Made by `Router.route`, whose arguments it has."""

    def __init__(
        self,
        experience: Experience,
        model: ResolvedModel,
        request: GenerationRequest,
        sink: DeltaSink,
        *,
        said: Callable[[], str],
        asked: Callable[[ResolvedModel], None] | None,
        thought: Callable[[], Sequence[StepFound]] | None,
        serving: str | None,
        ask_to_go_on: bool,
    ) -> None:
        self._experience = experience
        self._ask_to_go_on = ask_to_go_on
        self._request = request
        self._sink = sink
        self._said = said
        self._asked = asked
        self._thought = thought
        self._waiting = deque(_chain(model, request, serving))
        self._hedges = model.hedge
        self._serving = serving or model.info.id
        self._reason = PASSED_OVER
        self._failures: list[MillraceError] = []
        self._context = 0  # how long that of the model is that is being asked, in tokens; 0 where it is not known
        self._too_short = 0  # the longest one that was not enough
        self._attempts: tuple[Attempt, ...] = ()

    async def run(self) -> None:
        """Ask, until a model has answered.

        Raises:
            MillraceError: What the most hopeful of the failures was, where nobody could answer.
            Interrupted: There is a text to go on with, and nobody in the chain who may.
        """
        while True:
            link = self._next()
            if link is None:
                raise self._outcome()
            try:
                await self._ask(link)
            except MillraceError as error:
                self._take_note(error)
            else:
                return

    def give_up(self) -> None:
        """Who is being asked has been silent for too long: the next one's turn."""
        for attempt in self._attempts:
            attempt.give_up()

    def _next(self) -> ResolvedModel | None:
        """Who is asked now: the first whose provider works, else the first one, for trying is better than refusing."""
        able = [link for link in self._waiting if self._is_able(link)]
        link = next(filter(self._experience.is_ready, able), able[0] if able else None)
        if link is not None:
            self._waiting.remove(link)
        return link

    def _is_able(self, link: ResolvedModel) -> bool:
        length = link.info.context_length
        if self._too_short and length is not None and length <= self._too_short:
            return False
        return self._ask_to_go_on or link.info.capabilities.prefill or not self._said().strip()

    async def _ask(self, link: ResolvedModel) -> None:
        if self._failures or link.info.id != self._serving:
            self._sink((Switched(self._serving, link.info.id, self._reason),))
        self._serving, self._context = link.info.id, link.info.context_length or 0
        attempt = self._experience.attempt(link)
        hedge = self._make_hedge(attempt)
        if hedge is not None:
            await self._ask_two(hedge, *self._attempts)
            return
        self._tell(attempt)
        self._attempts = (attempt,)
        said = self._said()
        if not said.strip():
            await attempt.run(self._for(link), self._sink)
            return
        prefill = link.info.capabilities.prefill
        trimmer = None if prefill else OverlapTrimmer(said, anchor_of(said))
        request = continued(self._for(link), said, prefill=prefill)
        await attempt.run(request, Continuation(self._sink, len(said), trimmer).take)

    def _for(self, link: ResolvedModel) -> GenerationRequest:
        request, others = self._request, bool(self._waiting)
        steps = request.steps if self._thought is None else tuple(self._thought())
        return msgspec.structs.replace(request, model=link.info.name, steps=steps, fail_fast=others)

    def _tell(self, attempt: Attempt) -> None:
        if self._asked is not None:
            self._asked(attempt.link)

    # --- hedging ------------------------------------------------------------------------------------

    def _make_hedge(self, first: Attempt) -> Hedge | None:
        """The answer by this model or the next one, where that is wanted, possible, and known when it is late."""
        if not self._hedges or self._said().strip():
            return None
        delay_s = self._experience.late_after_s(first.link)
        link = next((each for each in self._waiting if self._is_able(each) and self._experience.is_ready(each)), None)
        if delay_s is None or link is None:
            return None
        request = self._for(first.link)
        self._waiting.remove(link)
        second = self._experience.attempt(link)
        self._attempts = (first, second)
        return Hedge((first, request), (second, self._for(link)), sink=self._sink, asked=self._tell, delay_s=delay_s)

    async def _ask_two(self, hedge: Hedge, first: Attempt, second: Attempt) -> None:
        try:
            await hedge.run()
        except MillraceError:
            if hedge.spared is second:
                self._waiting.appendleft(second.link)
            elif hedge.spared is not None:
                self._waiting.append(first.link)
            raise
        finally:
            answering = hedge.answering.link.info
            self._serving, self._context = answering.id, answering.context_length or 0

    # --- failures -----------------------------------------------------------------------------------

    def _take_note(self, error: MillraceError) -> None:
        """Remember a failure that lets another model try.

        Raises:
            MillraceError: It does not.
        """
        verdict = verdict_on(error)
        if verdict.next == "none":
            raise error
        self._failures.append(error)
        self._reason = verdict.reason
        if isinstance(error, ContextTooLong):
            self._too_short = max(self._too_short, self._context)

    def _outcome(self) -> MillraceError:
        """What to say where nobody could answer: the first failure that may pass by itself, else the last one."""
        if not self._failures:
            return Interrupted(detail=f"nobody may continue what {self._serving} began")
        return next((error for error in self._failures if error.recoverable), self._failures[-1])


def _chain(model: ResolvedModel, request: GenerationRequest, serving: str | None) -> list[ResolvedModel]:
    """The models to ask, first the one that answered before. A caller's own key goes to the provider it is for."""
    links = [model, *model.others]
    if request.api_key is not None:
        links = [link for link in links if link.info.provider == model.info.provider]
    ids = [link.info.id for link in links]
    at = ids.index(serving) if serving in ids else 0
    return links[at:] + links[:at]
