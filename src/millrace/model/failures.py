"""From a turn that failed back to the error it failed with."""

from millrace.model.errors import MillraceError, StreamError
from millrace.model.events import TurnFailed


def failed_turn(event: TurnFailed) -> MillraceError:
    """The error that a turn ended in, as it was when it was raised."""
    kinds: dict[str, type[MillraceError]] = {kind.code: kind for kind in reversed(_error_tree(MillraceError))}
    kind = kinds.get(event.code, StreamError)  # a log may hold a code of a newer version
    return kind(event.message, retry_after=event.retry_after, recoverable=event.recoverable)


def _error_tree(kind: type[MillraceError]) -> list[type[MillraceError]]:
    """An error class and all below it, each before its own children."""
    return [kind, *(each for child in kind.__subclasses__() for each in _error_tree(child))]
