"""The file that keeps sign-ins between runs. Only its owner may read it."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from filelock import FileLock
from msgspec import Struct
from platformdirs import user_state_path

LOCK_S = 10.0
"""How long another program may hold the file, in seconds: a request or two."""
_OWNER_ONLY = 0o600


class Keepsake(Struct, frozen=True, omit_defaults=True):
    """What is kept for one server: a guest's cookie, or an account's refresh token and the address to sign in with."""

    guest: str | None = None
    refresh_token: str | None = None
    email: str | None = None


def default_folder() -> Path:
    """The platform's folder for what programs remember."""
    return user_state_path("millrace", appauthor=False)


class Vault:
    """Sign-ins by server. Several programs may use it at once. Where it cannot be written, `failure` says why.

    Args:
        folder: Where the file is; made with its first use.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "sign-ins.json"
        self.failure: str | None = None
        self._lock = FileLock(folder / "sign-ins.lock", timeout=LOCK_S, mode=_OWNER_ONLY, thread_local=False)

    def get(self, url: str) -> Keepsake:
        """What is kept for a server; an empty keepsake where nothing is, or the file cannot be read."""
        return self._read().get(url, Keepsake())

    def put(self, url: str, keepsake: Keepsake) -> None:
        """Keep something for a server instead of what was kept. A chat goes on without: this never fails."""
        try:
            self._prepare()
            with self._lock:
                kept = {**self._read(), url: keepsake}
                self._write(msgspec.json.format(msgspec.json.encode(kept), indent=2))
        except OSError as error:  # also the lock's time-out
            self.failure = f"Your sign-in cannot be kept in {self.path}: {error.strerror or error}."

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep other programs out for a while: what was read in here is still true when it is written."""
        held = False
        try:
            self._prepare()
            await asyncio.to_thread(self._lock.acquire)
            held = True
        except OSError as error:
            self.failure = f"{self.path} cannot be locked: {error.strerror or error}."
        try:
            yield
        finally:
            if held:
                self._lock.release()

    def _prepare(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _read(self) -> dict[str, Keepsake]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, Keepsake])
        except (OSError, msgspec.DecodeError):
            return {}  # what is lost here is a sign-in, which can be repeated

    def _write(self, content: bytes) -> None:
        # A file of its own, and then its name: nobody ever reads half of it. mkstemp opens it for the owner alone.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
