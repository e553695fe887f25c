"""Links by which people let others read a conversation: made, shown once, followed, revoked.

A link's secret is 256 random bits, of which the SHA-256 is kept: see `millrace.server.keys` for why no slower hash.
"""

import hashlib
import re
import secrets
import uuid
from collections.abc import Sequence

from millrace.engine.access import Access
from millrace.model.errors import Conflict, Forbidden, NotFound
from millrace.model.messages import Session
from millrace.model.principal import Principal
from millrace.model.shares import Share
from millrace.ports import Clock, Store

MOST_SHARES = 20
"""Links that a conversation may have at a time."""
_SECRET_BYTES = 32
_SECRET = re.compile(r"[\w-]{43}", re.ASCII)
_OFF = "Sharing by a link is switched off on this server. Whoever runs it can allow it (auth.share_links)."
_UNKNOWN = "This link does not exist or is not yours."


class ShareLinks:
    """The links to all conversations.

    Args:
        access: Says whose a conversation is.
        store: Keeps the links.
        clock: The time.
        enabled: Whether there may be any.
    """

    def __init__(self, access: Access, store: Store, clock: Clock, *, enabled: bool) -> None:
        self._access = access
        self._store = store
        self._clock = clock
        self._enabled = enabled

    async def create(self, session_id: str, caller: Principal) -> tuple[Share, str]:
        """A new link to one of the caller's conversations, and its secret, which nobody can show again.

        Raises:
            NotFound: The conversation does not exist or is not the caller's.
            Forbidden: Links are switched off.
            Conflict: The conversation has too many.
        """
        session = await self._access.session(session_id, caller)
        if not self._enabled:
            raise Forbidden(_OFF)
        if len(await self._store.shares(session.id)) >= MOST_SHARES:
            raise Conflict(f"There are {MOST_SHARES} links to this conversation already. Revoke one first.")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        share = Share(id=str(uuid.uuid4()), session_id=session.id, created_at=self._clock.now_ms())
        await self._store.create_share(share, _digest(secret))
        return share, secret

    async def list(self, session_id: str, caller: Principal) -> Sequence[Share]:
        """The links to one of the caller's conversations, newest first.

        Raises:
            NotFound: The conversation does not exist or is not the caller's.
        """
        return await self._store.shares((await self._access.session(session_id, caller)).id)

    async def revoke(self, session_id: str, share_id: str, caller: Principal) -> None:
        """Make a link good for nothing, at once and for ever.

        Raises:
            NotFound: The conversation or the link does not exist or is not the caller's.
        """
        session = await self._access.session(session_id, caller)
        if not await self._store.delete_share(session.id, share_id):
            raise NotFound(_UNKNOWN)

    async def follow(self, secret: str) -> Session:
        """The conversation that a link leads to, for whoever has it.

        Raises:
            NotFound: It leads nowhere (any more).
        """
        # What cannot be a secret has the digest of nothing.
        known = self._enabled and _SECRET.fullmatch(secret) is not None
        return await self._access.shared(_digest(secret) if known else "")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
