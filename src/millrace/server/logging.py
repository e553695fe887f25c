"""The program's own messages, on standard error: coloured on a terminal, JSON otherwise, and never a secret."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(r"token|ticket|api_?key|authorization|password|secret|cookie", re.IGNORECASE)
# Queries can hold tokens; JWTs and keys of providers are known by their form, wherever they stand.
_QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']*")
# A link to a shared conversation is a secret in a path.
_SECRETS = re.compile(
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bsk-[\w-]{8,}|(?<=Bearer )\S+|(?<=/shared/)[^\s/?\"']+", re.IGNORECASE
)


def redact(text: str) -> str:
    """A text without queries of addresses, tokens and keys."""
    return _SECRETS.sub(_HIDDEN, _QUERY.sub(r"\1?" + _HIDDEN, text))


@contextmanager
def program_logging(level: str, form: Literal["auto", "console", "json"], *, access: bool = False) -> Iterator[None]:
    """Write what the program logs to standard error while the context lasts; afterwards all is as it was.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        form: `auto` is `console` on a terminal and `json` otherwise.
        access: Whether each HTTP request is written too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(_is_console(form)))
    root = logging.getLogger()
    quiet = {
        # Its INFO says "accepted" with the address of each WebSocket, and tells of the start what we tell ourselves.
        "uvicorn.error": logging.WARNING,
        "uvicorn.access": logging.INFO if access else logging.CRITICAL,
        "alembic": logging.WARNING,
        "asyncio": logging.WARNING,
    }
    before = {name: logging.getLogger(name).level for name in quiet}
    root_level = root.level
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in quiet.items():
        logging.getLogger(name).setLevel(least)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(root_level)
        for name, least in before.items():
            logging.getLogger(name).setLevel(least)


def _is_console(form: str) -> bool:
    return sys.stderr.isatty() if form == "auto" else form == "console"


def _formatter(console: bool) -> logging.Formatter:
    # Plain tracebacks: pretty ones print the values of local variables, callers' keys among them.
    pretty = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    last: Processor = pretty if console else structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _hide_secrets,
            last,
        ],
    )


def _hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = _HIDDEN
        elif isinstance(value, str):
            event[name] = redact(value)
    return event
