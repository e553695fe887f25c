"""How values become rows and rows values.

Text is repaired on the way in: a lone surrogate, which UTF-8 cannot express, and the NUL character, which
PostgreSQL cannot hold and SQLite cuts at, are kept as U+FFFD. Ids are never repaired, because two different ones could
become the same; a bad one is refused.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import Row

from millrace.model.errors import InvalidRequest
from millrace.model.events import Usage
from millrace.model.keys import ApiKey, Scope
from millrace.model.messages import Message, MessageError, Session, User, Version
from millrace.model.preferences import Preferences
from millrace.model.shares import Share
from millrace.model.turns import SideUsage, TurnOutcome

Params: TypeAlias = dict[str, Any]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

TITLE_LENGTH: Final = 60
"""Characters of a title that is taken from the first message."""

_ENCODER = msgspec.json.Encoder()
_METADATA = msgspec.json.Decoder(dict[str, Any])
_ERROR = msgspec.json.Decoder(MessageError)
_PREFERENCES = msgspec.json.Decoder(Preferences)
_NAMES = msgspec.json.Decoder(tuple[str, ...])
_SCOPES = msgspec.json.Decoder(tuple[Scope, ...])


def clean(text: str) -> str:
    """`text` as it can be stored: NUL characters and lone surrogates replaced by U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        # Through UTF-16, so that two halves that belong together become the character they mean.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def key(identifier: str) -> str:
    """`identifier`, if it can be stored as it is.

    Raises:
        InvalidRequest: It holds a NUL character or a lone surrogate.
    """
    if clean(identifier) != identifier:
        raise InvalidRequest("An id in the request holds characters that no id can have.")
    return identifier


def address(email: str) -> str:
    """An e-mail address as it is compared."""
    return clean(email.strip().casefold())


_BLOCK_MARKS = re.compile(r"^(?:(?:(?:#{1,6}|>|[-*+])(?: |$))+|(?:```|~~~).*)")


def derive_title(text: str) -> str:
    """A title from a first message: its first line that says something, at most 60 characters, cut at a word.

    What Markdown puts before a line (of a heading, a quotation, a list) is no part of it, nor is the opening of code.
    """
    lines = [" ".join(line.split()) for line in clean(text).splitlines() if line.strip()]
    line = next((said for line in lines if (said := _BLOCK_MARKS.sub("", line))), lines[0] if lines else "")
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line.rfind(" ", 0, TITLE_LENGTH + 1)
    return line[: cut if cut > 0 else TITLE_LENGTH]


def user_params(user: User) -> Params:
    """A row of `users`."""
    return {
        "id": key(user.id),
        "kind": user.kind,
        "name": clean(user.name),
        "email": None if user.email is None else clean(user.email),
        "created_at": user.created_at,
    }


def api_key_params(api_key: ApiKey, digest: str) -> Params:
    """A row of `api_keys`."""
    return {
        "id": key(api_key.id),
        "user_id": key(api_key.user_id),
        "name": clean(api_key.name),
        "digest": digest,
        "scopes": _json(api_key.scopes),
        "created_at": api_key.created_at,
        "expires_at": api_key.expires_at,
        "last_used_at": api_key.last_used_at,
        "revoked_at": api_key.revoked_at,
    }


def session_params(session: Session) -> Params:
    """A row of `sessions`, which has no messages yet."""
    return {
        "id": key(session.id),
        "user_id": key(session.user_id),
        "title": clean(session.title),
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "message_count": 0,
        "pinned": session.pinned,
    }


def usage_params(outcome: TurnOutcome) -> Params:
    """A row of `usage`; user and session are those of the turn. One that leaves nothing behind has no session."""
    turn = outcome.turn
    return {
        "turn_id": key(turn.id),
        "user_id": key(turn.user_id),
        "session_id": None if turn.command.ephemeral else key(turn.session_id),
        "model": clean(outcome.model),
        "status": outcome.answer.status,
        **_token_params(outcome.usage),
        "cost": outcome.cost,
        "created_at": outcome.answer.created_at,
        "origin": clean(turn.command.origin) or None,
    }


def side_usage_params(used: SideUsage) -> Params:
    """A row of `side_usage`."""
    return {
        "turn_id": key(used.turn_id),
        "user_id": key(used.user_id),
        "in_session": key(used.session_id),
        "purpose": used.purpose,
        "model": clean(used.model),
        **_token_params(used.usage),
        "cost": used.cost,
        "created_at": used.created_at,
    }


def _token_params(usage: Usage) -> Params:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cached_tokens": usage.cached_tokens,
        "estimated": usage.estimated,
    }


def message_params(session_id: str, message_id: str, role: str, position: int, created_at: int) -> Params:
    """A row of `messages` with its first version."""
    return {
        "id": key(message_id),
        "session_id": session_id,
        "role": role,
        "position": position,
        "created_at": created_at,
        "current_version": 1,
        "version_count": 1,
    }


def version_params(message_id: str, number: int, version: Version) -> Params:
    """A row of `versions`; the number is the store's to give."""
    return {
        "message_id": key(message_id),
        "number": number,
        "content": clean(version.content),
        "status": version.status,
        "created_at": version.created_at,
        "turn_id": key(version.turn_id),
        "reasoning": None if version.reasoning is None else clean(version.reasoning),
        "metadata": _json(version.metadata),
        "error": _json(version.error),
    }


def to_user(row: AnyRow) -> User:
    """From the columns id, kind, name, created_at, email."""
    return User(*row)


def to_api_key(row: AnyRow) -> ApiKey:
    """From the columns id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at, and any others."""
    return ApiKey(
        id=row[0],
        user_id=row[1],
        name=row[2],
        scopes=_SCOPES.decode(row[3]),
        created_at=row[4],
        expires_at=row[5],
        last_used_at=row[6],
        revoked_at=row[7],
    )


def preferences_params(user_id: str, preferences: Preferences) -> Params:
    """What changes in a row of `users`."""
    return {"key": key(user_id), "chosen": _json(preferences)}


def to_preferences(row: AnyRow) -> Preferences:
    """From the column preferences."""
    (chosen,) = row
    return Preferences() if chosen is None else _PREFERENCES.decode(chosen)


def to_session(row: AnyRow) -> Session:
    """From the columns id, user_id, title, created_at, updated_at, message_count, pinned."""
    return Session(*row)


def to_share(row: AnyRow) -> Share:
    """From the columns id, session_id, created_at."""
    return Share(id=row[0], session_id=row[1], created_at=row[2])


def to_version(row: AnyRow) -> Version:
    """From the columns number, content, status, created_at, turn_id, reasoning, metadata, error."""
    return _version(*row)


def to_message(row: AnyRow) -> Message:
    """From the columns id, session_id, role, created_at, version_count, reactions, and then those of a version."""
    identifier, session_id, role, created_at, version_count, reactions, *version = row
    return Message(
        id=identifier,
        session_id=session_id,
        role=role,
        created_at=created_at,
        version=_version(*version),
        version_count=version_count,
        reactions=tuple(sorted(_NAMES.decode(reactions))) if reactions else (),
    )


def _version(
    number: int,
    content: str,
    status: Any,  # one of the three words, as the columns hold nothing else
    created_at: int,
    turn_id: str,
    reasoning: str | None,
    metadata: str | None,
    error: str | None,
) -> Version:
    return Version(
        number=number,
        content=content,
        status=status,
        created_at=created_at,
        turn_id=turn_id,
        reasoning=reasoning,
        metadata=None if metadata is None else _METADATA.decode(metadata),
        error=None if error is None else _ERROR.decode(error),
    )


def _json(value: object) -> str | None:
    if value is None:
        return None
    try:
        return _ENCODER.encode(value).decode()
    except UnicodeEncodeError:
        return _ENCODER.encode(_cleaned(msgspec.to_builtins(value))).decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
