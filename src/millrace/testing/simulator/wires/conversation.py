"""What all wires read out of a conversation, whatever their JSON calls it. Pure."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from millrace.testing.simulator.ask import Ask
from millrace.testing.simulator.text import count_tokens


class Said(NamedTuple):
    """One message: who said what."""

    role: Literal["system", "user", "assistant"]
    text: str


def with_conversation(ask: Ask, said: Sequence[Said]) -> Ask:
    """The same request with all that the conversation says: the question, what is to be continued, the length."""
    users = [index for index, message in enumerate(said) if message.role == "user"]
    before = said[users[-1] - 1] if users and users[-1] > 0 else None
    return msgspec.structs.replace(
        ask,
        user_text=said[users[-1]].text if users else "",
        prefill=said[-1].text if said and said[-1].role == "assistant" else None,
        partial=before.text if before is not None and before.role == "assistant" else None,
        prompt_tokens=sum(count_tokens(message.text) for message in said),
    )
