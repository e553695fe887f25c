"""Who is calling, as the verified credential says."""

from msgspec import Struct

from millrace.model.messages import UserKind


class Principal(Struct, frozen=True):
    """A verified caller. `expires_at` is in Unix seconds, where the credential has an end."""

    user_id: str
    kind: UserKind
    name: str = ""
    expires_at: int | None = None
