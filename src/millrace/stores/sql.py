"""The store in a SQL database: SQLite by default, PostgreSQL by the same code."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import TypeAlias

from msgspec import to_builtins
from sqlalchemy import Connection, Executable

from millrace.model.errors import Conflict, NotFound
from millrace.model.keys import ApiKey
from millrace.model.messages import EMOTION_STATE, Message, SearchHit, Session, User, Version
from millrace.model.preferences import Preferences
from millrace.model.shares import Share
from millrace.model.turns import SideUsage, TurnOutcome
from millrace.stores import rows, search
from millrace.stores.database import Database, open_database
from millrace.stores.rows import AnyRow, Params, key
from millrace.stores.schema import upgrade_database
from millrace.stores.statements import Statements


class SqlStore:
    """The `Store` port in SQL.

    Beyond what the port says:

    - `create_user` with an id that is there changes nothing: two requests may see an external user first.
    - `create_session` ignores `message_count`; it counts what `finish_turn` adds.
    - Renaming, deleting or taking a reaction from what is not there does nothing.
    - The numbers of versions are the store's to give; `finish_turn` ignores the one in its outcome.
    - A session without a title gets one from its first message.
    - Usage stays when its session is deleted, and goes with its user.
    - Text is repaired and ids are refused as `millrace.stores.rows` says.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = Statements(database.dialect)

    @classmethod
    async def open(cls, url: str, *, lock_timeout: float = 5.0) -> "SqlStore":
        """Open the database at `url` and bring its tables up to date.

        A SQLite file that is not there is created, with the folders above it, for this user alone.

        Args:
            url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host:port/name`.
            lock_timeout: Seconds to wait for a lock (SQLite) or a connection (PostgreSQL).

        Raises:
            SchemaTooNew: A newer Millrace wrote it.
            UnsupportedDatabase: The URL names something else.
            StoreUnavailable: The database does not answer.
        """
        database = await asyncio.to_thread(open_database, url, lock_timeout=lock_timeout)
        try:
            await upgrade_database(database)
        except BaseException:
            await database.close()
            raise
        return cls(database)

    async def create_user(self, user: User, password_hash: str | None = None) -> None:
        """See `Store`."""
        params = rows.user_params(user)
        if password_hash is None:
            await self._do(self._sql.create_user, params)
            return
        secret = {"user_id": key(user.id), "email": rows.address(user.email or ""), "password_hash": password_hash}

        def register(connection: Connection) -> None:
            if connection.execute(self._sql.create_user, params).rowcount:
                connection.execute(self._sql.create_credentials, secret)

        try:
            await self._database.write(register)
        except Conflict as error:
            raise Conflict(
                "This address belongs to an account already. Sign in, or use another one.", detail=error.detail
            ) from error

    async def user(self, user_id: str) -> User | None:
        """See `Store`."""
        row = await self._first(self._sql.user, {"id": key(user_id)})
        return None if row is None else rows.to_user(row)

    async def credentials(self, email: str) -> tuple[User, str] | None:
        """See `Store`."""
        row = await self._first(self._sql.credentials, {"address": rows.address(email)})
        return None if row is None else (User(*row[:-1]), row[-1])

    async def create_key(self, key: ApiKey, digest: str) -> None:
        """See `Store`."""
        await self._do(self._sql.create_key, rows.api_key_params(key, digest))

    async def key(self, key_id: str) -> tuple[ApiKey, User, str] | None:
        """See `Store`."""
        row = await self._first(self._sql.key, {"key": key(key_id)})
        if row is None:
            return None
        digest, kind, name, created_at, email = row[8:]
        return rows.to_api_key(row), User(row[1], kind, name, created_at, email), digest

    async def keys(self, user_id: str | None) -> Sequence[ApiKey]:
        """See `Store`."""
        if user_id is None:
            good, revoked = await self._all(self._sql.good_keys, {}), await self._all(self._sql.revoked_keys, {})
        else:
            whose: Params = {"user_id": key(user_id)}
            good = await self._all(self._sql.good_keys_of, whose)
            revoked = await self._all(self._sql.revoked_keys_of, whose)
        return [rows.to_api_key(row) for row in (*good, *revoked)]

    async def revoke_key(self, key_id: str, now_ms: int) -> None:
        """See `Store`."""
        await self._do(self._sql.revoke_key, {"key": key(key_id), "at": now_ms})

    async def use_key(self, key_id: str, now_ms: int) -> None:
        """See `Store`."""
        await self._do(self._sql.use_key, {"key": key(key_id), "at": now_ms})

    async def preferences(self, user_id: str) -> Preferences:
        """See `Store`."""
        row = await self._first(self._sql.preferences, {"id": key(user_id)})
        return Preferences() if row is None else rows.to_preferences(row)

    async def set_preferences(self, user_id: str, preferences: Preferences) -> None:
        """See `Store`."""
        if not await self._do(self._sql.set_preferences, rows.preferences_params(user_id, preferences)):
            raise NotFound("This user does not exist.")

    async def create_session(self, session: Session) -> None:
        """See `Store`.

        Raises:
            NotFound: Its user does not exist.
            Conflict: There is a session with that id.
        """
        await self._do(self._sql.create_session, rows.session_params(session))

    async def session(self, session_id: str) -> Session | None:
        """See `Store`."""
        row = await self._first(self._sql.session, {"key": key(session_id)})
        return None if row is None else rows.to_session(row)

    async def sessions(self, user_id: str, *, limit: int, before: tuple[int, str] | None = None) -> Sequence[Session]:
        """See `Store`."""
        params: Params = {"user_id": key(user_id), "limit": limit}
        if before is None:
            return [rows.to_session(row) for row in await self._all(self._sql.sessions, params)]
        params["updated_before"], params["id_before"] = before[0], key(before[1])
        return [rows.to_session(row) for row in await self._all(self._sql.sessions_before, params)]

    async def rename_session(self, session_id: str, title: str, now_ms: int) -> None:
        """See `Store`."""
        await self._do(self._sql.rename_session, {"key": key(session_id), "new_title": rows.clean(title), "at": now_ms})

    async def pinned_sessions(self, user_id: str) -> Sequence[Session]:
        """See `Store`."""
        return [rows.to_session(row) for row in await self._all(self._sql.pinned_sessions, {"user_id": key(user_id)})]

    async def pin_session(self, session_id: str, *, pinned: bool) -> None:
        """See `Store`."""
        await self._do(self._sql.pin_session, {"key": key(session_id), "chosen": pinned})

    async def branch_session(self, session_id: str, message_id: str, branch: Session) -> None:
        """See `Store`."""
        await self._database.write(_Branching(self._sql, session_id, message_id, branch))

    async def delete_session(self, session_id: str) -> None:
        """See `Store`."""
        await self._do(self._sql.delete_session, {"key": key(session_id)})

    async def create_share(self, share: Share, digest: str) -> None:
        """See `Store`."""
        what = {"session_id": key(share.session_id), "digest": digest, "created_at": share.created_at}
        await self._do(self._sql.create_share, {"id": key(share.id), **what})

    async def share(self, digest: str) -> Share | None:
        """See `Store`."""
        row = await self._first(self._sql.share, {"secret": digest})
        return None if row is None else rows.to_share(row)

    async def shares(self, session_id: str) -> Sequence[Share]:
        """See `Store`."""
        return [rows.to_share(row) for row in await self._all(self._sql.shares, {"of_session": key(session_id)})]

    async def delete_share(self, session_id: str, share_id: str) -> bool:
        """See `Store`."""
        return await self._do(self._sql.delete_share, {"key": key(share_id), "of_session": key(session_id)}) > 0

    async def messages(self, session_id: str, *, limit: int, before: str | None = None) -> Sequence[Message]:
        """See `Store`. Before a message that is not in the session there is none."""
        params: Params = {"session_id": key(session_id), "limit": limit}
        if before is None:
            found = await self._all(self._sql.messages, params)
        else:
            found = await self._all(self._sql.messages_before, params | {"before": key(before)})
        return [rows.to_message(row) for row in reversed(found)]

    async def message(self, message_id: str) -> Message | None:
        """See `Store`."""
        row = await self._first(self._sql.message, {"key": key(message_id)})
        return None if row is None else rows.to_message(row)

    async def answer(self, turn_id: str) -> Message | None:
        """See `Store`."""
        row = await self._first(self._sql.answer, {"key": key(turn_id)})
        return None if row is None else rows.to_message(row)

    async def versions(self, message_id: str) -> Sequence[Version]:
        """See `Store`."""
        return [rows.to_version(row) for row in await self._all(self._sql.versions, {"key": key(message_id)})]

    async def select_version(self, message_id: str, number: int) -> None:
        """See `Store`."""
        # Numbers beyond 32 bits are no numbers of versions, and no database takes them.
        exists = 1 <= number < 2**31 and await self._do(
            self._sql.select_version, {"key": key(message_id), "chosen": number}
        )
        if not exists:
            raise NotFound("This version of the message does not exist.")

    async def set_reaction(self, message_id: str, name: str, *, present: bool) -> None:
        """See `Store`.

        Raises:
            NotFound: There is no such message to react to.
        """
        if present:
            await self._do(self._sql.add_reaction, {"message_id": key(message_id), "name": key(name)})
        else:
            await self._do(self._sql.remove_reaction, {"key": key(message_id), "reaction": key(name)})

    async def search(self, user_id: str, query: str, *, limit: int) -> Sequence[SearchHit]:
        """See `Store`. The last word may be the beginning of one; of equally good hits the newest comes first."""
        expression = search.expression(self._database.dialect, key(user_id), query)
        if expression is None:
            return []
        params = {"query": expression, "user_id": user_id, "limit": limit}
        return [SearchHit(*row) for row in await self._all(self._sql.search, params)]

    async def completed_turns(self, user_id: str, *, origin: str, since_ms: int) -> int:
        """See `Store`."""
        params = {"of_user": key(user_id), "from_origin": origin, "since": since_ms}
        row = await self._first(self._sql.completed_turns, params)
        return 0 if row is None else int(row[0])

    async def finish_turn(self, outcome: TurnOutcome) -> None:
        """See `Store`. For a session that was deleted meanwhile it does nothing.

        Raises:
            NotFound: The answer of which this is to be a new version is not in the session.
        """
        if outcome.turn.command.ephemeral:
            await self._do(self._sql.add_usage, rows.usage_params(outcome))
        else:
            await self._database.write(_TurnWriter(self._sql, outcome))

    async def add_side_usage(self, used: SideUsage) -> None:
        """See `Store`."""
        await self._do(self._sql.add_side_usage, rows.side_usage_params(used))

    async def ready(self) -> None:
        """See `Store`."""
        await self._first(self._sql.ready, {})

    async def close(self) -> None:
        """See `Store`."""
        await self._database.close()

    async def _first(self, statement: Executable, params: Params) -> AnyRow | None:
        return await self._database.read(lambda connection: connection.execute(statement, params).first())

    async def _all(self, statement: Executable, params: Params) -> Sequence[AnyRow]:
        return await self._database.read(lambda connection: connection.execute(statement, params).all())

    async def _do(self, statement: Executable, params: Params) -> int:
        return await self._database.write(lambda connection: connection.execute(statement, params).rowcount)


_NewMessage: TypeAlias = tuple[str, str, Version]
"""Id, role and only version of a message."""


class _Branching:
    """The transaction of `branch_session`."""

    def __init__(self, sql: Statements, session_id: str, message_id: str, branch: Session) -> None:
        self._sql = sql
        self._what = {"session_id": key(session_id), "before": key(message_id)}
        self._branch = branch

    def __call__(self, connection: Connection) -> None:
        sql, branch = self._sql, self._branch
        copied = [rows.to_message(row) for row in connection.execute(sql.messages_through, self._what)]
        if not copied:
            raise NotFound("The message after which to branch off is not in this conversation.")
        connection.execute(sql.create_session, rows.session_params(branch))
        fresh = [(str(uuid.uuid4()), message) for message in copied]
        connection.execute(
            sql.add_message,
            [
                rows.message_params(branch.id, fresh_id, message.role, position, message.created_at)
                for position, (fresh_id, message) in enumerate(fresh)
            ],
        )
        connection.execute(
            sql.add_version, [rows.version_params(fresh_id, 1, message.version) for fresh_id, message in fresh]
        )
        connection.execute(sql.copied_session, {"key": branch.id, "copied": len(fresh)})


class _TurnWriter:
    """The transaction of `finish_turn`. Rows are made before it begins, to keep it short."""

    def __init__(self, sql: Statements, outcome: TurnOutcome) -> None:
        turn = outcome.turn
        self._sql = sql
        self._outcome = outcome
        self._usage = rows.usage_params(outcome)
        self._session = {
            "key": turn.session_id,
            "added": 2 if outcome.new_user_message else 0,
            "at": max(turn.created_at, outcome.answer.created_at),
            "derived_title": rows.derive_title(turn.command.message) if outcome.new_user_message else "",
        }
        self._said = _said(outcome)
        self._told = _told(outcome)

    def __call__(self, connection: Connection) -> None:
        if not connection.execute(self._sql.claim_turn, self._usage).rowcount:
            return  # stored before, or the session is gone
        count = connection.execute(self._sql.extend_session, self._session).scalar_one()
        if not self._outcome.new_user_message:
            self._add_version(connection)
            return
        messages = self._said
        if self._told and count == len(messages):
            messages = [*self._told, *messages]
            extended = {**self._session, "added": len(self._told)}
            count = connection.execute(self._sql.extend_session, extended).scalar_one()
        self._add_messages(connection, messages, count)

    def _add_messages(self, connection: Connection, messages: Sequence[_NewMessage], count: int) -> None:
        """Add the last messages of a session that has `count` of them then."""
        session_id, first = self._outcome.turn.session_id, count - len(messages)
        connection.execute(
            self._sql.add_message,
            [
                rows.message_params(session_id, message_id, role, first + index, version.created_at)
                for index, (message_id, role, version) in enumerate(messages)
            ],
        )
        connection.execute(
            self._sql.add_version,
            [rows.version_params(message_id, 1, version) for message_id, _, version in messages],
        )

    def _add_version(self, connection: Connection) -> None:
        turn = self._outcome.turn
        number = connection.execute(
            self._sql.extend_message, {"key": turn.message_id, "of_session": turn.session_id}
        ).scalar_one_or_none()
        if number is None:
            raise NotFound("The answer that was to be written anew does not exist.")
        connection.execute(self._sql.add_version, rows.version_params(turn.message_id, number, self._outcome.answer))


def _said(outcome: TurnOutcome) -> list[_NewMessage]:
    """A turn's question and answer."""
    turn, emotion = outcome.turn, outcome.emotion
    question = Version(
        number=1,
        content=turn.command.message,
        status="complete",
        created_at=turn.created_at,
        turn_id=turn.id,
        metadata=None if emotion is None else {EMOTION_STATE: to_builtins(emotion)},
    )
    return [(turn.user_message_id, "user", question), (turn.message_id, "assistant", outcome.answer)]


def _told(outcome: TurnOutcome) -> list[_NewMessage]:
    """What was told before a turn, as messages that no turn of ours wrote."""
    messages: list[_NewMessage] = []
    for index, told in enumerate(outcome.told):
        name, at = f"{outcome.turn.id}-{index}", outcome.turn.created_at
        version = Version(number=1, content=told.content, status="complete", created_at=at, turn_id=name)
        messages.append((name, told.role, version))
    return messages
