"""Refresh tokens: each is good once. One that comes a second time was stolen, and ends its whole sign-in.

Two tabs may present the same token at the same moment; within a few seconds of its use a token is therefore
answered with the same successor instead of being taken for stolen.
"""

import secrets
from typing import Protocol

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, delete, insert, select, update

from millrace.model.errors import Unauthorized
from millrace.ports import Clock
from millrace.server.tokens import LocalTokens
from millrace.stores.database import Database

REUSE_GRACE_MS = 10_000
"""How long after its use a token may come once more, in milliseconds."""
_ENDED = "This sign-in has ended. Sign in again."


class Families(Protocol):
    """Which token of each sign-in is the newest."""

    async def begin(self, family: str, token_id: str, expires_at_ms: int) -> None:
        """Remember the first token of a sign-in."""

    async def rotate(self, family: str, old: str, new: str, *, now_ms: int, expires_at_ms: int) -> str | None:
        """Replace the newest token `old` by `new`, atomically; returns the newest from now on.

        That is `new`; or, where `old` was replaced within the last `REUSE_GRACE_MS`, what it was replaced by.
        None where `old` is neither; the family is then forgotten.
        """

    async def end(self, family: str) -> None:
        """Forget a sign-in."""

    async def close(self) -> None:
        """Release the storage."""


class MemoryFamilies:
    """Families in memory: a restart signs everybody out."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[str, str, int]] = {}

    async def begin(self, family: str, token_id: str, expires_at_ms: int) -> None:  # noqa: ARG002 - the protocol's
        """See `Families`."""
        self._newest[family] = (token_id, "", 0)

    async def rotate(self, family: str, old: str, new: str, *, now_ms: int, expires_at_ms: int) -> str | None:  # noqa: ARG002 - the protocol's
        """See `Families`."""
        newest, previous, at = self._newest.get(family, ("", "", 0))
        if newest and old == newest:
            self._newest[family] = (new, old, now_ms)
            return new
        if newest and old == previous and now_ms - at <= REUSE_GRACE_MS:
            return newest
        self._newest.pop(family, None)
        return None

    async def end(self, family: str) -> None:
        """See `Families`."""
        self._newest.pop(family, None)

    async def close(self) -> None:
        """See `Families`."""
        self._newest.clear()


_metadata = MetaData()
_families = Table(
    "sign_ins",
    _metadata,
    Column("family", String(64), primary_key=True),
    Column("newest", String(64), nullable=False),
    Column("previous", String(64), nullable=False, default=""),
    Column("rotated_at", BigInteger, nullable=False, default=0),
    Column("expires_at", BigInteger, nullable=False, index=True),
)


class SqlFamilies:
    """Families in the database, beside the conversations but apart from them: one table of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self) -> None:
        """Make the table where it is missing."""
        await self._database.write(_metadata.create_all)

    async def begin(self, family: str, token_id: str, expires_at_ms: int) -> None:
        """See `Families`."""
        statement = insert(_families).values(family=family, newest=token_id, expires_at=expires_at_ms)
        await self._database.write(lambda connection: connection.execute(statement))

    async def rotate(self, family: str, old: str, new: str, *, now_ms: int, expires_at_ms: int) -> str | None:
        """See `Families`."""
        table = _families.c
        rotation = (
            update(_families)
            .where(table.family == family, table.newest == old)
            .values(newest=new, previous=old, rotated_at=now_ms, expires_at=expires_at_ms)
        )
        lately = select(table.newest).where(
            table.family == family, table.previous == old, table.rotated_at >= now_ms - REUSE_GRACE_MS
        )

        def work(connection: Connection) -> str | None:
            connection.execute(delete(_families).where(table.expires_at < now_ms))
            if connection.execute(rotation).rowcount == 1:
                return new
            newest: str | None = connection.execute(lately).scalar_one_or_none()
            if newest is None:
                connection.execute(delete(_families).where(table.family == family))
            return newest

        return await self._database.write(work)

    async def end(self, family: str) -> None:
        """See `Families`."""
        statement = delete(_families).where(_families.c.family == family)
        await self._database.write(lambda connection: connection.execute(statement))

    async def close(self) -> None:
        """See `Families`."""
        await self._database.close()


class RefreshTokens:
    """Issues, exchanges and revokes refresh tokens."""

    def __init__(self, tokens: LocalTokens, families: Families, clock: Clock, lifetime_s: int) -> None:
        self._tokens = tokens
        self._families = families
        self._clock = clock
        self._lifetime_s = lifetime_s

    async def begin(self, user_id: str) -> str:
        """The first token of a new sign-in."""
        family, token_id = secrets.token_hex(16), secrets.token_hex(16)
        await self._families.begin(family, token_id, self._expiry())
        return self._tokens.issue_refresh(user_id, family, token_id, self._lifetime_s)

    async def exchange(self, token: str) -> tuple[str, str]:
        """Use a token up: the user it belongs to, and the next one.

        Raises:
            Unauthorized: It is not valid, was used before, or its sign-in has ended.
        """
        claims = self._tokens.verify_refresh(token)
        token_id = secrets.token_hex(16)
        newest = await self._families.rotate(
            claims.family, claims.token_id, token_id, now_ms=self._clock.now_ms(), expires_at_ms=self._expiry()
        )
        if newest is None:
            raise Unauthorized(_ENDED)
        return claims.user_id, self._tokens.issue_refresh(claims.user_id, claims.family, newest, self._lifetime_s)

    async def revoke(self, token: str) -> None:
        """End the sign-in that a token belongs to; a token that is not valid ends nothing."""
        try:
            claims = self._tokens.verify_refresh(token)
        except Unauthorized:
            return
        await self._families.end(claims.family)

    def _expiry(self) -> int:
        return self._clock.now_ms() + self._lifetime_s * 1000
