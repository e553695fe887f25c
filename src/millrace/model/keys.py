"""API keys: lasting credentials for programs."""

from typing import Literal

from msgspec import Struct

Scope = Literal["read", "chat"]
"""What a key may do. `read`: see models, conversations and answers. `chat`: that, and ask, stop and change them."""

KEY_MARK = "mr_"
"""What every key begins with, so that one that leaked is recognized for what it is."""


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key of one user, without its secret. Times are Unix milliseconds (UTC)."""

    id: str
    user_id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None
    revoked_at: int | None = None

    @property
    def prefix(self) -> str:
        """How the key itself begins: enough to tell keys apart, and nothing of the secret."""
        return KEY_MARK + self.id

    def is_good(self, now_ms: int) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now_ms < self.expires_at)
