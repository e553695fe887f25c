"""API keys: made, shown once, verified, revoked.

A key is `mr_`, its id, `_` and a secret of 256 random bits. What is kept of the secret is its SHA-256. A slow, salted
hash (Argon2, as for passwords) makes guessing expensive; 256 random bits cannot be guessed at any price, and a
hash that takes 50 ms would be paid with every request.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Sequence

from millrace.model.errors import Conflict, MillraceError, NotFound, Unauthorized
from millrace.model.keys import KEY_MARK, ApiKey, Scope
from millrace.model.principal import Principal
from millrace.ports import Clock, Store

_logger = logging.getLogger(__name__)

MOST_KEYS = 100
"""Good keys that a user may have at a time."""
NOTED_EVERY_MS = 60_000
"""How exact `last_used_at` is: a write per request would cost more than the request's own reading."""

_ID_BYTES = 6
_SECRET_BYTES = 32
_KEY = re.compile(rf"{KEY_MARK}([0-9a-f]{{12}})_([\w-]{{43}})", re.ASCII)
_INVALID = "This API key is not valid. Check it, or make a new one with `millrace keys create`."


def is_api_key(credential: str) -> bool:
    """Whether a credential is meant to be an API key."""
    return credential.startswith(KEY_MARK)


class ApiKeys:
    """The keys of all users."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(
        self, user_id: str, *, name: str, scopes: Sequence[Scope], lifetime_s: int | None
    ) -> tuple[ApiKey, str]:
        """A new key for a user of the store, and the text of it, which nobody can show again.

        Raises:
            Conflict: The user has too many keys.
            NotFound: There is no such user.
        """
        now = self._clock.now_ms()
        if sum(key.is_good(now) for key in await self._store.keys(user_id)) >= MOST_KEYS:
            raise Conflict(f"There are {MOST_KEYS} API keys already. Revoke one that is not needed any more.")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        key = ApiKey(
            id=secrets.token_hex(_ID_BYTES),
            user_id=user_id,
            name=name,
            scopes=tuple(dict.fromkeys(scopes)),
            created_at=now,
            expires_at=None if lifetime_s is None else now + lifetime_s * 1000,
        )
        await self._store.create_key(key, _digest(secret))
        return key, f"{key.prefix}_{secret}"

    async def list(self, user_id: str | None = None) -> Sequence[ApiKey]:
        """A user's keys, or everybody's: the good ones and those that were revoked, newest first."""
        return await self._store.keys(user_id)

    async def revoke(self, key_id: str, user_id: str | None = None) -> ApiKey:
        """Make a key, of that user where one is named, good for nothing; at once, and for ever.

        Raises:
            NotFound: There is no such key.
        """
        found = await self._store.key(key_id)
        if found is None or user_id not in {None, found[0].user_id}:
            raise NotFound("This API key does not exist or is not yours.")
        await self._store.revoke_key(key_id, self._clock.now_ms())
        return found[0]

    async def verify(self, credential: str) -> Principal:
        """Who a key speaks for.

        Raises:
            Unauthorized: It is malformed, unknown, revoked or expired.
            StoreUnavailable: It cannot be looked up.
        """
        parts = _KEY.fullmatch(credential)
        found = await self._store.key(parts[1]) if parts is not None else None
        # In constant time: how long a comparison takes must not tell how much of a guess is right.
        if parts is None or found is None or not hmac.compare_digest(found[2], _digest(parts[2])):
            raise Unauthorized(_INVALID)
        key, user, _ = found
        now = self._clock.now_ms()
        if not key.is_good(now):
            ended = "was revoked" if key.revoked_at is not None else "has expired"
            raise Unauthorized(f"The API key {key.prefix} {ended}. Make a new one with `millrace keys create`.")
        await self._note(key, now)
        expires_at = None if key.expires_at is None else key.expires_at // 1000
        return Principal(user.id, user.kind, user.name, expires_at, key.scopes)

    async def _note(self, key: ApiKey, now_ms: int) -> None:
        """Remember that a key is in use. That it cannot be remembered just now is no reason to refuse it."""
        if key.last_used_at is not None and now_ms - key.last_used_at < NOTED_EVERY_MS:
            return
        try:
            await self._store.use_key(key.id, now_ms)
        except MillraceError as error:
            _logger.warning("the use of key %s was not noted: %s", key.prefix, error.detail or error.message)


def key_id_of(text: str) -> str:
    """The id in whatever a person has of a key: the id itself, the prefix, or the whole key."""
    return text.removeprefix(KEY_MARK).partition("_")[0]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
