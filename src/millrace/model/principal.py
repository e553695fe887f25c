"""Who is calling, as the verified credential says."""

from msgspec import Struct

from millrace.model.keys import Scope
from millrace.model.messages import UserKind


class Principal(Struct, frozen=True):
    """A verified caller. `expires_at` is in Unix seconds, where the credential has an end.

    `scopes` are those of an API key; a person who signed in has none, and may do everything.
    """

    user_id: str
    kind: UserKind
    name: str = ""
    expires_at: int | None = None
    scopes: tuple[Scope, ...] | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the credential is good for `scope`; `chat` holds `read`."""
        return self.scopes is None or scope in self.scopes or (scope == "read" and "chat" in self.scopes)
