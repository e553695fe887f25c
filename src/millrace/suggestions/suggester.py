"""Asks a fast model for follow-up questions."""

from collections.abc import Sequence

from millrace.model.events import Passage
from millrace.model.generation import PromptMessage
from millrace.ports import ModelDirectory, UseSink
from millrace.routing.router import Router
from millrace.suggestions import followups
from millrace.suggestions.short_call import ShortCall

_MAX_TOKENS = 160


class Suggester:
    """Suggests what the user may want to ask next. One serves all sessions."""

    def __init__(self, models: ModelDirectory, model: str, router: Router) -> None:
        """Say which model to ask; see `ShortCall`."""
        self._call = ShortCall(models, model, router)

    async def suggest(
        self,
        conversation: Sequence[PromptMessage],
        *,
        passages: Sequence[Passage] = (),
        seconds: float,
        user_id: str = "",
        used: UseSink | None = None,
    ) -> tuple[str, ...]:
        """At most three questions, each new; empty where the model has none, fails, or says nothing in time.

        Of a reply that is cut off the questions that had arrived count. Raises nothing for an error of the provider.

        Args:
            conversation: Oldest first, the answer (or what there is of it) last.
            passages: Not needed where a model is asked.
            seconds: How long to wait for the whole reply.
            user_id: Who is asked for, for the provider.
            used: Is told what the call used.
        """
        del passages
        prompt = followups.prompt(conversation)
        if not prompt:
            return ()
        reply = await self._call.reply(prompt, seconds=seconds, max_tokens=_MAX_TOKENS, user_id=user_id, used=used)
        return followups.parse(reply.text, conversation)


class HeadingSuggester:
    """Suggests the headings beside the one that was answered from, where there is no model to ask."""

    async def suggest(
        self,
        conversation: Sequence[PromptMessage],
        *,
        passages: Sequence[Passage] = (),
        seconds: float,
        user_id: str = "",
        used: UseSink | None = None,
    ) -> tuple[str, ...]:
        """At most three questions; empty where nothing was retrieved. Takes no time."""
        del seconds, user_id, used
        return followups.from_headings(passages, conversation)
