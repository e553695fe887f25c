"""Conversations that others may read by a link."""

from msgspec import Struct


class Share(Struct, frozen=True, kw_only=True):
    """A link to one conversation, without its secret. `created_at` is in Unix milliseconds (UTC)."""

    id: str
    session_id: str
    created_at: int
