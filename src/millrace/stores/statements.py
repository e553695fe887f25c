"""Every statement of the store, built once and compiled once per database."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Text,
    Update,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from millrace.stores import search
from millrace.stores.tables import (
    API_KEYS,
    CREDENTIALS,
    MESSAGES,
    REACTIONS,
    SESSIONS,
    SHARES,
    SIDE_USAGE,
    USAGE,
    USERS,
    VERSIONS,
)


class Statements:
    """The statements in one SQL dialect. Columns come in the order that `millrace.stores.rows` names."""

    def __init__(self, dialect: str) -> None:
        self._insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
        self._names = func.json_group_array if dialect == "sqlite" else func.json_agg
        self.ready = select(func.count()).select_from(select(USERS.c.id).limit(1).subquery())
        self.search = search.statement(dialect)
        self._people()
        self._keys()
        self._sessions()
        self._shares()
        self._messages()
        self._turns()

    def _people(self) -> None:
        user = (USERS.c.id, USERS.c.kind, USERS.c.name, USERS.c.created_at, USERS.c.email)
        self.create_user = self._insert(USERS).on_conflict_do_nothing(index_elements=[USERS.c.id])
        self.create_credentials: Insert = insert(CREDENTIALS)
        self.user: Select[Any] = select(*user).where(USERS.c.id == bindparam("id"))
        self.preferences: Select[Any] = select(USERS.c.preferences).where(USERS.c.id == bindparam("id"))
        self.set_preferences: Update = (
            update(USERS).where(USERS.c.id == bindparam("key")).values(preferences=bindparam("chosen"))
        )
        self.credentials: Select[Any] = (
            select(*user, CREDENTIALS.c.password_hash)
            .join_from(CREDENTIALS, USERS)
            .where(CREDENTIALS.c.email == bindparam("address"))
        )

    def _keys(self) -> None:
        of = API_KEYS.c
        columns = (
            of.id,
            of.user_id,
            of.name,
            of.scopes,
            of.created_at,
            of.expires_at,
            of.last_used_at,
            of.revoked_at,
        )
        newest = (of.revoked_at.desc(), of.created_at.desc(), of.id.desc())
        good: Select[Any] = select(*columns).where(of.revoked_at.is_(None)).order_by(*newest[1:])
        revoked: Select[Any] = select(*columns).where(of.revoked_at.is_not(None)).order_by(*newest).limit(200)
        mine = of.user_id == bindparam("user_id")
        self.create_key: Insert = insert(API_KEYS)
        user = (USERS.c.kind, USERS.c.name.label("user_name"), USERS.c.created_at.label("user_since"), USERS.c.email)
        self.key: Select[Any] = (
            select(*columns, of.digest, *user).join_from(API_KEYS, USERS).where(of.id == bindparam("key"))
        )
        self.good_keys, self.revoked_keys = good, revoked
        self.good_keys_of, self.revoked_keys_of = good.where(mine), revoked.where(mine)
        self.revoke_key: Update = (
            update(API_KEYS)
            .where(of.id == bindparam("key"), of.revoked_at.is_(None))
            .values(revoked_at=bindparam("at"))
        )
        self.use_key: Update = update(API_KEYS).where(of.id == bindparam("key")).values(last_used_at=bindparam("at"))

    def _sessions(self) -> None:
        of = SESSIONS.c
        columns = (of.id, of.user_id, of.title, of.created_at, of.updated_at, of.message_count, of.pinned)
        mine: Select[Any] = (
            select(*columns)
            .where(of.user_id == bindparam("user_id"))
            .order_by(of.updated_at.desc(), of.id.desc())
            .limit(bindparam("limit"))
        )
        self.create_session: Insert = insert(SESSIONS)
        self.session: Select[Any] = select(*columns).where(of.id == bindparam("key"))
        self.sessions = mine
        self.sessions_before = mine.where(
            tuple_(of.updated_at, of.id) < tuple_(bindparam("updated_before"), bindparam("id_before"))
        )
        self.rename_session: Update = (
            update(SESSIONS).where(of.id == bindparam("key")).values(title=bindparam("new_title"), updated_at=_later())
        )
        self.pinned_sessions: Select[Any] = mine.where(of.pinned).limit(None)
        self.pin_session: Update = update(SESSIONS).where(of.id == bindparam("key")).values(pinned=bindparam("chosen"))
        self.delete_session: Delete = delete(SESSIONS).where(of.id == bindparam("key"))

    def _shares(self) -> None:
        of = SHARES.c
        share: Select[Any] = select(of.id, of.session_id, of.created_at)
        self.create_share: Insert = insert(SHARES)
        self.share = share.where(of.digest == bindparam("secret"))
        self.shares = share.where(of.session_id == bindparam("of_session")).order_by(of.created_at.desc(), of.id.desc())
        self.delete_share: Delete = delete(SHARES).where(
            of.id == bindparam("key"), of.session_id == bindparam("of_session")
        )

    def _messages(self) -> None:
        of, version = MESSAGES.c, VERSIONS.c
        wording = (
            version.number,
            version.content,
            version.status,
            version.created_at,
            version.turn_id,
            version.reasoning,
            version.metadata,
            version.error,
        )
        reactions = (
            select(cast(self._names(REACTIONS.c.name), Text))
            .where(REACTIONS.c.message_id == of.id)
            .correlate(MESSAGES)
            .scalar_subquery()
        )
        message: Select[Any] = select(
            of.id, of.session_id, of.role, of.created_at, of.version_count, reactions, *wording
        ).join_from(MESSAGES, VERSIONS, (version.message_id == of.id) & (version.number == of.current_version))
        newest = (
            message.where(of.session_id == bindparam("session_id"))
            .order_by(of.position.desc())
            .limit(bindparam("limit"))
        )
        other = MESSAGES.alias("other")
        place = select(other.c.position).where(
            other.c.id == bindparam("before"), other.c.session_id == bindparam("session_id")
        )
        self.message = message.where(of.id == bindparam("key"))
        written = VERSIONS.alias("written")
        self.answer = message.where(
            of.session_id == select(USAGE.c.session_id).where(USAGE.c.turn_id == bindparam("key")).scalar_subquery(),
            of.role == "assistant",
            exists().where(written.c.message_id == of.id, written.c.turn_id == bindparam("key")),
        )
        self.messages = newest
        self.messages_before = newest.where(of.position < place.scalar_subquery())
        self.messages_through = (
            message.where(of.session_id == bindparam("session_id"))
            .where(of.position <= place.scalar_subquery())
            .order_by(of.position)
        )
        self.versions: Select[Any] = (
            select(*wording).where(version.message_id == bindparam("key")).order_by(version.number)
        )
        self.select_version: Update = (
            update(MESSAGES)
            .where(of.id == bindparam("key"), of.version_count >= bindparam("chosen"))
            .values(current_version=bindparam("chosen"))
        )
        self.add_reaction = self._insert(REACTIONS).on_conflict_do_nothing()
        self.remove_reaction: Delete = delete(REACTIONS).where(
            REACTIONS.c.message_id == bindparam("key"), REACTIONS.c.name == bindparam("reaction")
        )

    def _turns(self) -> None:
        # One statement asks all there is to ask: is the session there (locked until the end, so that nobody
        # deletes it meanwhile) and is this turn new? No row inserted: there is nothing to do.
        row = (
            select(*(bindparam(column.name, type_=column.type) for column in USAGE.c))
            .select_from(SESSIONS)
            .where(SESSIONS.c.id == bindparam("session_id"))
            .with_for_update()
        )
        self.claim_turn = (
            self._insert(USAGE).from_select(list(USAGE.c), row).on_conflict_do_nothing(index_elements=[USAGE.c.turn_id])
        )
        self.add_usage = self._insert(USAGE).on_conflict_do_nothing(index_elements=[USAGE.c.turn_id])
        self.completed_turns: Select[Any] = select(func.count()).where(
            USAGE.c.user_id == bindparam("of_user"),
            USAGE.c.created_at >= bindparam("since"),
            USAGE.c.origin == bindparam("from_origin"),
            USAGE.c.status == "complete",
        )
        kept = select(SESSIONS.c.id).where(SESSIONS.c.id == bindparam("in_session")).scalar_subquery()
        self.add_side_usage: Insert = insert(SIDE_USAGE).values(session_id=kept)
        of = SESSIONS.c
        self.extend_session = (
            update(SESSIONS)
            .where(of.id == bindparam("key"))
            .values(
                message_count=of.message_count + bindparam("added"),
                updated_at=_later(),
                title=case((of.title == "", bindparam("derived_title", type_=Text)), else_=of.title),
            )
            .returning(of.message_count)
        )
        self.add_message: Insert = insert(MESSAGES)
        self.add_version: Insert = insert(VERSIONS)
        self.copied_session: Update = (
            update(SESSIONS).where(of.id == bindparam("key")).values(message_count=bindparam("copied"))
        )
        self.extend_message = (
            update(MESSAGES)
            .where(MESSAGES.c.id == bindparam("key"), MESSAGES.c.session_id == bindparam("of_session"))
            .values(
                version_count=MESSAGES.c.version_count + 1,
                current_version=MESSAGES.c.version_count + 1,
            )
            .returning(MESSAGES.c.version_count)
        )


def _later() -> ColumnElement[int]:
    """The session's new activity; never earlier than its last, whatever the clock did."""
    at = bindparam("at", type_=SESSIONS.c.updated_at.type)
    return case((SESSIONS.c.updated_at < at, at), else_=SESSIONS.c.updated_at)
