"""Who is calling, as the verified credential says."""

from msgspec import Struct

from millrace.model.keys import Scope
from millrace.model.messages import UserKind

FREE_PLAN = "free"


class Principal(Struct, frozen=True):
    """A verified caller. `expires_at` is in Unix seconds, where the credential has an end.

    `scopes` are those of an API key; a person who signed in has none, and may do everything. `plan` is what the issuer
    of the credential says that the caller pays for, if it says anything.
    """

    user_id: str
    kind: UserKind
    name: str = ""
    expires_at: int | None = None
    scopes: tuple[Scope, ...] | None = None
    plan: str | None = None

    @property
    def is_on_free_plan(self) -> bool:
        """Whether the caller pays for nothing, as far as we know."""
        return self.plan in (None, "", FREE_PLAN)

    def may(self, scope: Scope) -> bool:
        """Whether the credential is good for `scope`; `chat` holds `read`."""
        return self.scopes is None or scope in self.scopes or (scope == "read" and "chat" in self.scopes)
