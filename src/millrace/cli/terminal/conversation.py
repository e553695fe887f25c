"""Which conversation is open, with which model, and what was asked last."""

import uuid

from msgspec import Struct

from millrace.cli.client.exchange import Exchange
from millrace.cli.client.notices import Began, Ended
from millrace.cli.client.shapes import SessionDetail


class LastAnswer(Struct, frozen=True):
    """What `/retry` repeats. Without a message the server has nothing of it, and it is asked again."""

    question: str
    session_id: str | None = None
    message_id: str | None = None


class Conversation:
    """Makes exchanges, and learns from what became of them.

    Args:
        session_id: The conversation to go on with; a new one begins where there is none.
        model: The model to ask; the server's own choice where there is none.
        thinking: Whether to show the model's reasoning.
    """

    def __init__(self, *, session_id: str | None, model: str | None, thinking: bool) -> None:
        self.session_id = session_id
        self.model = model
        self.thinking = thinking
        self.last: LastAnswer | None = None

    def ask(self, question: str) -> Exchange:
        """A question in this conversation."""
        self.last = LastAnswer(question)
        return Exchange.ask(
            question,
            request_id=str(uuid.uuid4()),
            session_id=self.session_id,
            model=self.model,
            reasoning=self.thinking,
        )

    def retry(self) -> Exchange | None:
        """The last question once more: a new version of its answer; None where nothing was asked."""
        if self.last is None:
            return None
        if self.last.message_id is None or self.last.session_id is None:
            return self.ask(self.last.question)
        return Exchange.regenerate(
            self.last.message_id,
            request_id=str(uuid.uuid4()),
            session_id=self.last.session_id,
            model=self.model,
            reasoning=self.thinking,
        )

    def renew(self) -> None:
        """Begin a new conversation with the next question."""
        self.session_id = self.last = None

    def began(self, began: Began) -> None:
        """A turn runs: its conversation is the open one."""
        self.session_id = began.session_id

    def ended(self, ended: Ended) -> None:
        """An answer is stored: it can be written again."""
        question = self.last.question if self.last is not None else ""
        self.last = LastAnswer(question, ended.session_id, ended.message_id)

    def opened(self, detail: SessionDetail) -> Exchange | None:
        """Go on with a stored conversation; the exchange of the answer that is being written in it, if any."""
        self.renew()
        self.session_id = detail.session.id
        for message in detail.messages:
            if message.role == "user":
                self.last = LastAnswer(message.content)
            else:
                question = self.last.question if self.last is not None else ""
                self.last = LastAnswer(question, message.session_id, message.id)
        if not detail.running:
            return None
        turn = detail.running[0]
        self.last = LastAnswer(turn.user_message.content)
        return Exchange.follow(turn.turn_id, session_id=detail.session.id, message_id=turn.message_id)


def choose_model(wanted: str, names: list[str]) -> str | None:
    """The model that is meant: by its name or a part of it that fits no other; a `provider/model` may be any."""
    fitting = [each for each in names if wanted.lower() in each.lower()]
    if wanted in names or (not fitting and "/" in wanted):
        return wanted
    return fitting[0] if len(fitting) == 1 else None
