"""The key that signs this server's own tokens: from the settings, or made once and kept in the data folder."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from millrace.server.settings import Settings

KEY_FILE = "secret.key"
_SECRET_BYTES = 32


def signing_secret(settings: Settings) -> bytes:
    """The key, the same in every process that shares the settings or the data folder.

    Raises:
        OSError: The data folder cannot be read or written.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value().encode()
    return _kept_secret(settings.data_dir / KEY_FILE)


def _kept_secret(path: Path) -> bytes:
    """Read the key, or make it. Whoever comes first wins, and nobody ever reads half a key."""
    with suppress(FileNotFoundError):
        return path.read_bytes().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file readable by its owner alone (0600); the link makes it appear whole or not at all.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(_SECRET_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
    return path.read_bytes().strip()
