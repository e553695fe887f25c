"""One turn being generated: from its claim on the session to its terminal event."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from millrace.engine.afterwords import ENOUGH_CHARS, Afterwords, give_title
from millrace.engine.asking import Asking
from millrace.engine.chains import chain_of
from millrace.engine.conclusion import Conclusion, ended_as
from millrace.engine.endings import Ending, Endings
from millrace.engine.observer import Observer
from millrace.engine.patience import Patience
from millrace.engine.run_services import RunServices
from millrace.engine.tally import Tally
from millrace.engine.transcript import Transcript
from millrace.model.errors import (
    Interrupted,
    LeaseLost,
    LogUnavailable,
    MillraceError,
    ProviderTimeout,
    StreamError,
)
from millrace.model.events import (
    CancelCause,
    Entry,
    SuggestionsReady,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    is_terminal,
)
from millrace.model.generation import GenerationRequest
from millrace.model.messages import Turn
from millrace.model.turns import Lease, TurnRecord
from millrace.ports import Reservation, ResolvedModel, Writer
from millrace.routing.route import Route

_logger = logging.getLogger("millrace.engine")

# A provider that ignores `max_tokens` is cut here: no tokenizer averages more characters to a token.
_CHARS_PER_TOKEN = 16


class _LongEnough(Exception):
    """The answer is as long as it may be: its provider is to be closed."""


class Run:
    """Generates one turn. `execute` is awaited by the engine; the other methods only nudge it."""

    def __init__(
        self,
        services: RunServices,
        record: TurnRecord,
        *,
        reservation: Reservation | None = None,
        api_key: str | None = None,
        earlier: Sequence[Entry] = (),
    ) -> None:
        self.turn: Turn = record.turn
        self.lease: Lease = record.lease
        self._services = services
        self._reservation = reservation
        self._api_key = api_key
        self._earlier = earlier
        self._observer = Observer(record.turn, services.insights.emotion, services.store, services.options)
        self._asking = Asking(
            record.turn,
            store=services.store,
            retriever=services.retriever,
            observer=self._observer,
            options=services.options,
        )
        self._tally = Tally(
            record.turn, store=services.store, ledger=services.ledger, models=services.models, clock=services.clock
        )
        self._afterwords = Afterwords(
            record.turn,
            services.insights.suggester if record.turn.command.suggestions else None,
            budget_s=services.options.suggestions_budget_s,
            used=self._tally.of("suggestions"),
        )
        self._conclusion = Conclusion(
            record.lease, outcomes=services.outcomes, registry=services.registry, hub=services.hub
        )
        self._go = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._nudge: Ending | None = None
        self._handing_over = False
        self._interrupted = False
        self._over = False
        self._began = services.clock.monotonic()
        self._patience = Patience(services.options, record.turn.command)
        self._route: Route | None = None
        self._longest = self._asking.max_tokens * _CHARS_PER_TOKEN
        self._transcript: Transcript | None = None
        self._replayed = 0
        self.waiting = record.state == "queued"
        if not self.waiting:
            self._go.set()

    @property
    def concludes(self) -> bool:
        """Whether the turn is over but for what its storage does not take yet."""
        return self._conclusion.late

    @property
    def pieces(self) -> int:
        """How many pieces of text came to this process so far."""
        return 0 if self._transcript is None else self._transcript.pieces - self._replayed

    # --- nudges ---------------------------------------------------------------------------------

    def go(self) -> None:
        """It is this turn's place now."""
        self._go.set()

    def cancel(self, cause: CancelCause) -> None:
        """Stop: close the upstream, store the partial, end as cancelled."""
        self._stop(Ending.cancelled(cause, self._services.clock.monotonic()))

    def check_deadlines(self, now: float) -> None:
        """Give a model up that has been silent for too long, and the turn if it takes too long; `now` is monotonic."""
        if self.waiting or self._work is None or self._over:
            return
        transcript = self._transcript
        if transcript is not None and transcript.heard:
            # Looked at here, where deadlines are, and not with each token.
            self._patience.hear(now, answers=transcript.pieces > 0)
            transcript.heard = False
        if self._patience.over(now):
            self._stop(Ending.failed(ProviderTimeout()))
        elif self._route is not None and self._patience.silent(now):
            self._route.give_up()

    def hand_over(self) -> None:
        """Let another process (or this one after its restart) go on; the log stays open."""
        self._handing_over = True
        self._conclusion.leave()
        self._interrupt()

    def lose(self) -> None:
        """Another process owns the turn now: close the upstream and say nothing more."""
        self._nudge = Ending.failed(LeaseLost())
        self._conclusion.leave()
        self._interrupt()

    def _stop(self, ending: Ending) -> None:
        if self._nudge is None and not self._over:
            self._nudge = ending
            self._interrupt()

    def _interrupt(self) -> None:
        self._interrupted = True
        self._go.set()
        if self._work is not None:
            self._work.cancel()

    # --- the life of the turn ---------------------------------------------------------------------

    async def execute(self) -> None:
        """Generate the turn to its end, whatever the end is."""
        hub = self._services.hub
        try:
            writer = await self._services.log.open(self.lease)
            await hub.hold(self.turn.id)
            await self._execute(writer)
        except LeaseLost:
            _logger.info("turn %s is continued elsewhere", self.turn.id)
        except MillraceError as error:
            _logger.error("turn %s could not be logged: %s", self.turn.id, error.detail or error.message)
            hub.fail(self.turn.id, error)
            self._services.meter.refused(error.code)
            if isinstance(error, LogUnavailable) and (self._earlier or self._handing_over):
                await self._conclusion.abandon()  # somebody has seen a part of it: whoever takes it over tries again
            else:
                await self._conclusion.release("failed")
        except Exception as error:
            # A fault of ours after the answer: whoever watches is told, instead of waiting for an end for ever.
            _logger.exception("turn %s could not be ended", self.turn.id)
            hub.fail(self.turn.id, StreamError(detail=repr(error)))
            self._services.meter.refused(StreamError.code)
            await self._conclusion.release("failed")
        finally:
            await self._observer.close()
            await self._afterwords.close()
            await self._tally.book()
            if self._reservation is not None:  # no end of ours: whoever goes on with the turn counts it
                await self._reservation.cancel()
            hub.let_go(self.turn.id)

    async def _execute(self, writer: Writer) -> None:
        services = self._services
        transcript = Transcript(writer, services.clock, self.turn.model, services.models.cost)
        transcript.replay(self._earlier)
        if self._earlier and is_terminal(self._earlier[-1].event):
            self._over, self.waiting = True, False
            await self._conclusion.again(self.turn, transcript, self._earlier)
            return
        self._transcript, self._replayed = transcript, transcript.pieces
        await self._go.wait()
        self.waiting = False
        self._began = services.clock.monotonic()
        self._patience.begin(self._began)
        ending = await self._attempt(transcript)
        if ending is None:
            await self._observer.close()
            await writer.flush()
            await services.registry.abandon(self.lease)
            return
        if isinstance(ending.error, LeaseLost):
            raise ending.error
        await self._end(writer, transcript, ending)

    async def _attempt(self, transcript: Transcript) -> Ending | None:
        """Generate in a task of its own, so that a nudge can close the upstream without ending the run.

        Returns none where the turn is to be handed over unfinished.
        """
        lost = self._nudge is not None and isinstance(self._nudge.error, LeaseLost)
        if not self._handing_over and not transcript.begun and not lost:
            transcript.write(self._started())
        if self._handing_over or self._nudge is not None:
            return self._nudge
        ending = await self._supervise(transcript)
        return ending and self._verdict(ending)

    def _verdict(self, ending: Ending) -> Ending:
        """A nudge says more than what it led to."""
        return self._nudge or ending

    async def _supervise(self, transcript: Transcript) -> Ending | None:
        self._work = asyncio.create_task(self._generate(transcript))
        ending: Ending | None = Ending.completed()
        try:
            await self._work
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            ending = None if self._handing_over else ending
        except MillraceError as error:
            ending = Ending.failed(error)
        except Exception as error:
            # A fault of an adapter ends this turn, told and logged, and no other.
            _logger.exception("turn %s failed", self.turn.id)
            ending = Ending.failed(StreamError(detail=repr(error)))
        finally:
            self._work = None
            self._over = True
        return ending

    async def _generate(self, transcript: Transcript) -> None:
        services = self._services
        if self._earlier:
            self._resume(transcript)
        request = await self._asking.request(transcript, self._api_key)
        transcript.beyond(min(ENOUGH_CHARS, self._longest), partial(self._pass, transcript))
        self._route = services.router.route(
            chain_of(services.models, self.turn),
            request,
            transcript.take,
            said=lambda: transcript.text,
            asked=partial(self._ask, transcript, request),
            thought=lambda: transcript.steps,
            serving=transcript.spending.model,
        )
        try:
            await self._route.run()
        except _LongEnough:
            transcript.finish = "length"
        finally:
            # What refers to each other is freed only in a quiet time; an answer is much to keep until then.
            self._route = None
            transcript.unmark()

    def _ask(self, transcript: Transcript, request: GenerationRequest, model: ResolvedModel) -> None:
        """A model of the chain is asked."""
        transcript.heard = False
        self._patience.ask(self._services.clock.monotonic(), model.info.capabilities, thinks=request.reasoning)

    def _pass(self, transcript: Transcript) -> None:
        """The answer has grown past a length at which there is something to do."""
        if transcript.chars > self._longest:
            raise _LongEnough
        transcript.beyond(self._longest, partial(self._pass, transcript))
        self._afterwords.begin(self._asking.said, transcript.text, transcript.passages)

    def _started(self) -> TurnStarted:
        turn = self.turn
        return TurnStarted(
            turn_id=turn.id,
            session_id=turn.session_id,
            message_id=turn.message_id,
            user_message_id=turn.user_message_id,
            model=turn.model,
            user_message=turn.command.message,
            thinking_mode=turn.thinking.mode,
            thinking_reason=turn.thinking.reason,
            estimated_time_ms=self._services.timings.estimate_ms(self._timed(turn.model)),
            rag_enabled=turn.command.context.enable_rag,
            request_id=turn.command.request_id,
        )

    def _timed(self, model: str) -> str:
        """What a turn's time is learned under: thinking takes several times as long as answering at once."""
        return f"{model} {self.turn.thinking.mode}"

    def _resume(self, transcript: Transcript) -> None:
        """Go on with a turn whose process died.

        Raises:
            Interrupted: It died too often, or it used a key that nobody has any more.
        """
        transcript.resume(self.lease.fence)
        if self.lease.fence > self._services.options.max_takeovers + 1:
            raise Interrupted(detail=f"taken over {self.lease.fence - 1} times")
        if self.turn.command.own_key and self._api_key is None:
            raise Interrupted(detail="the caller's own key is not kept")

    # --- the end ------------------------------------------------------------------------------------

    async def _end(self, writer: Writer, transcript: Transcript, ending: Ending) -> None:
        """Settle, store, then say so: whoever sees the terminal event finds the message."""
        services = self._services
        questions = await self._close_up(transcript, ending)
        category = (
            services.insights.categories.category_of(self.turn.command.message)
            if services.insights.categories
            else None
        )
        endings = Endings(self.turn, transcript, services.clock, self._began, category, questions)
        event = endings.event(ending)
        try:
            await self._conclusion.store(endings.outcome(event))
        except MillraceError as error:
            _logger.error("turn %s can never be stored: %s", self.turn.id, error.detail or error.message)
            event = endings.event(Ending.failed(error))
        reservation, self._reservation = self._reservation, None
        if reservation is not None:
            await reservation.settle(endings.usage(), completed=isinstance(event, TurnCompleted))
        await self._conclusion.seal(writer, event)
        services.hub.conclude(self.turn.id, services.meter.ended)
        if isinstance(event, TurnCompleted) and not event.parts:
            services.timings.add(self._timed(event.model), event.response_time_ms)
        if not await self._conclusion.release(ended_as(event)):
            return
        command = self.turn.command
        if command.ephemeral or command.brief_log:
            services.fading.begin(self.turn.id, failed=isinstance(event, TurnFailed))
        if isinstance(event, TurnCompleted) and not command.ephemeral and not self._asking.said:
            await self._give_title(transcript.text)

    async def _close_up(self, transcript: Transcript, ending: Ending) -> tuple[str, ...]:
        """Write what comes behind the text; gives the follow-up questions.

        A log that takes none of it has the text that it took before, and the text is to be stored.
        """
        try:
            if transcript.begun and ending.error is None:
                transcript.complete_reasoning()
            if ending.is_completed:
                await self._observer.answer(transcript)
            await self._observer.close()
            return await self._suggest(transcript) if ending.is_completed else ()
        except LeaseLost:
            raise
        except MillraceError as error:
            _logger.warning("turn %s ends early: %s", self.turn.id, error.detail or error.message)
            return ()

    async def _suggest(self, transcript: Transcript) -> tuple[str, ...]:
        """Follow-up questions, if there are any in time."""
        self._afterwords.begin(self._asking.said, transcript.text, transcript.passages)
        questions = await self._afterwords.questions()
        if questions:
            transcript.write(SuggestionsReady(questions))
        return questions

    async def _give_title(self, answer: str) -> None:
        """Unless a hand-over cuts it off: the turn itself is over."""
        services = self._services
        titler = services.insights.titler
        if titler is None:
            return
        giving = give_title(titler, services.store, services.clock, self.turn, answer, used=self._tally.of("title"))
        try:
            await self._conclusion.work(giving)
        except MillraceError as error:
            _logger.warning("session %s got no title: %s", self.turn.session_id, error.detail or error.message)
