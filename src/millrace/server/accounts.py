"""Accounts: registering and signing in with an address and a password."""

import asyncio
import secrets

from pwdlib import PasswordHash

from millrace.limits.rates import Rates
from millrace.model.errors import Forbidden, InvalidRequest, RateLimited, Unauthorized
from millrace.model.messages import User
from millrace.ports import Clock, Store
from millrace.server.settings import Settings

_HASHES_AT_ONCE = 2
"""Argon2 takes 64 MiB and all of a core; more at a time would starve the chats."""
_LONGEST_EMAIL = 254
_LONGEST_NAME = 100
_ADDRESS_FACTOR = 5
_WRONG = "The address or the password is wrong."


class Accounts:
    """Registers people and checks their passwords. An unknown address takes as long as a wrong password."""

    def __init__(self, store: Store, settings: Settings, rates: Rates, clock: Clock) -> None:
        self._store = store
        self._auth = settings.auth
        self._per_minute = settings.limits.sign_ins_per_minute
        self._rates = rates
        self._clock = clock
        self._hasher = PasswordHash.recommended()
        self._turns = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._nobodys_hash: str | None = None

    async def register(self, email: str, password: str, name: str | None, address: str) -> User:
        """Make a new account, for a caller at the network address `address`.

        Raises:
            Forbidden: Registering is switched off.
            InvalidRequest: The address or the password will not do.
            Conflict: The address has an account.
            RateLimited: Too many attempts.
        """
        if not self._auth.registration:
            raise Forbidden("New accounts are not open here. Ask whoever runs this server.")
        email = _checked_email(email)
        self._check_password(password)
        self._count(email, address)
        user = User(
            id=f"user-{secrets.token_hex(16)}",
            kind="account",
            name=(name or "").strip()[:_LONGEST_NAME] or email.partition("@")[0],
            created_at=self._clock.now_ms(),
            email=email,
        )
        await self._store.create_user(user, await self._hash(password))
        return user

    async def sign_in(self, email: str, password: str, address: str) -> User:
        """The account with that address and password.

        Raises:
            Unauthorized: There is none.
            RateLimited: Too many attempts.
        """
        email = email.strip().lower()
        self._count(email, address)
        found = await self._store.credentials(email) if len(email) <= _LONGEST_EMAIL else None
        if self._nobodys_hash is None:
            self._nobodys_hash = await self._hash(secrets.token_hex(16))
        user, stored = found if found is not None else (None, self._nobodys_hash)
        async with self._turns:
            right = await asyncio.to_thread(self._hasher.verify, password, stored)
        if user is None or not right:
            raise Unauthorized(_WRONG)
        return user

    async def user(self, user_id: str) -> User:
        """The account with that id.

        Raises:
            Unauthorized: There is none.
        """
        user = await self._store.user(user_id)
        if user is None:
            raise Unauthorized("This account does not exist any more.")
        return user

    async def _hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    def _count(self, email: str, address: str) -> None:
        try:
            self._rates.take("sign-ins-from", address, per_minute=self._per_minute * _ADDRESS_FACTOR)
            self._rates.take("sign-ins", address, email[:_LONGEST_EMAIL], per_minute=self._per_minute)
        except RateLimited as error:
            raise RateLimited(
                "Too many attempts. Wait a minute and try again.", retry_after=error.retry_after
            ) from None

    def _check_password(self, password: str) -> None:
        if len(password) < self._auth.min_password_chars:
            raise InvalidRequest(f"password: choose one of at least {self._auth.min_password_chars} characters.")


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain or len(email) > _LONGEST_EMAIL or not email.isprintable() or " " in email:
        raise InvalidRequest("email: this is not an e-mail address.")
    return email
