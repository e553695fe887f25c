"""Asks a fast model for the title of a session."""

from millrace.ports import ModelDirectory, UseSink
from millrace.routing.router import Router
from millrace.suggestions import titles
from millrace.suggestions.short_call import ShortCall

_MAX_TOKENS = 40


class Titler:
    """Gives sessions titles. One serves all sessions."""

    def __init__(self, models: ModelDirectory, model: str, router: Router) -> None:
        """Say which model to ask; see `ShortCall`."""
        self._call = ShortCall(models, model, router)

    async def title(
        self, question: str, answer: str, *, seconds: float, user_id: str = "", used: UseSink | None = None
    ) -> str | None:
        """A title for a session; none where the model has none, declines, fails, or is not done in time.

        Raises nothing for an error of the provider.

        Args:
            question: The session's first message.
            answer: Its answer.
            seconds: How long to wait for the whole reply.
            user_id: Who is asked for, for the provider.
            used: Is told what the call used.
        """
        prompt = titles.prompt(question, answer)
        if not prompt:
            return None
        reply = await self._call.reply(prompt, seconds=seconds, max_tokens=_MAX_TOKENS, user_id=user_id, used=used)
        return titles.parse(reply.text) if reply.whole else None
