"""What the database says, in words of the error tree. Every failure passes through `translated`, and only there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from sqlalchemy import exc

from millrace.model.errors import Conflict, InvalidRequest, MillraceError, NotFound, StoreUnavailable

RETRY_AFTER = 3.0
"""Seconds after which asking again makes sense: longer than a lock is usually held, shorter than patience."""

_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})
_FULL = frozenset({"SQLITE_FULL", "53100"})
_FULL_MESSAGE = "The disk of the server's database is full, so nothing can be stored. Tell its operator."
_FOREIGN_KEY = frozenset({"SQLITE_CONSTRAINT_FOREIGNKEY", "23503"})


class SchemaTooNew(StoreUnavailable):
    """The database was written by a newer Millrace; this one would misread it."""

    default_message: ClassVar[str] = (
        "The database belongs to a newer version of Millrace. Install that version again, or restore an older backup."
    )
    default_recoverable: ClassVar[bool] = False


class UnsupportedDatabase(StoreUnavailable):
    """The database URL names something that Millrace cannot use."""

    default_message: ClassVar[str] = (
        "This database is not supported. Use sqlite:///path/to/file.db or postgresql://user@host/name."
    )
    default_recoverable: ClassVar[bool] = False


@contextmanager
def translated() -> Iterator[None]:
    """Raise what goes wrong inside as a `MillraceError`.

    Raises:
        Conflict: Something with that key is there already.
        NotFound: It refers to something that is not there.
        InvalidRequest: A value that no database can hold.
        StoreUnavailable: Everything else: no connection, a locked file, a full disk.
    """
    try:
        yield
    except exc.IntegrityError as error:
        raise _broken_constraint(error) from error
    except (exc.DataError, UnicodeEncodeError, OverflowError) as error:
        raise InvalidRequest("The request holds a value that cannot be stored.", detail=describe(error)) from error
    except (exc.DBAPIError, exc.TimeoutError, OSError) as error:
        message = _FULL_MESSAGE if _code(error) in _FULL else None
        raise StoreUnavailable(message, retry_after=RETRY_AFTER, detail=describe(error)) from error


def describe(error: BaseException) -> str:
    """The cause in one line, without statement or parameters: those are what people wrote."""
    cause = getattr(error, "orig", None) or error
    first_line = (str(cause).splitlines() or [""])[0]
    return f"{type(cause).__name__}: {first_line}"


def _code(error: BaseException) -> object:
    """The database's own code for what happened."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)


def _broken_constraint(error: exc.IntegrityError) -> MillraceError:
    code = _code(error)
    if code in _UNIQUE:
        return Conflict(detail=describe(error))
    if code in _FOREIGN_KEY:
        return NotFound(detail=describe(error))
    return StoreUnavailable(recoverable=False, detail=describe(error))
