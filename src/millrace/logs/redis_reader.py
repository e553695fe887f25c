"""Follows the turns that other processes write: hears their entries, and reads what was missed from the log.

A heard batch is given on if it goes on where the last one ended. Else something is missing, and the log is read from
there; so it is where the connection broke, and now and then for each turn that is followed, since nobody tells of a
message that was lost, nor of a log.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from millrace.logs.redis_feed import RedisFeed
from millrace.logs.redis_link import RedisLink
from millrace.logs.redis_names import RedisNames
from millrace.logs.tail import Tails
from millrace.model.errors import LogUnavailable, StreamError
from millrace.model.events import Entry, is_terminal

_AGAIN_S = 0.3
_decode = msgspec.json.Decoder(list[Entry]).decode


def lost_log() -> StreamError:
    """What to tell people where Redis has lost a log."""
    return StreamError(
        "The server lost what it had written down of this answer. Load the conversation to see what is left of it.",
        detail="the log is no longer in Redis",
    )


class _Followed:
    """A turn that is written elsewhere; `position` is the last `seq` that was given on, none before there was any."""

    __slots__ = ("heard", "hearing", "missed", "position", "quiet", "turn_id")

    def __init__(self, turn_id: str, position: int | None) -> None:
        self.turn_id = turn_id
        self.position = position
        self.missed = -1
        self.heard = False
        self.hearing = asyncio.Lock()
        self.quiet = False


class RedisReader:
    """Gives what other processes write to this one's tails. `start` it first.

    Args:
        link: The connections.
        names: What keys and channels are called.
        feed: What hears the channels.
        tails: Those who follow.
        check_s: A turn of which nothing was heard for so long is looked at, in seconds.
    """

    def __init__(self, link: RedisLink, names: RedisNames, feed: RedisFeed, tails: Tails, *, check_s: float) -> None:
        self._link = link
        self._names = names
        self._feed = feed
        self._tails = tails
        self._check_s = check_s
        self._followed: dict[str, _Followed] = {}
        self._behind: set[_Followed] = set()
        self._news = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after what is followed."""
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Follow nothing more."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        for turn_id in tuple(self._followed):
            self.leave(turn_id)

    async def read(self, turn_id: str, after: int = -1) -> list[Entry]:
        """The accepted entries over `after`.

        Raises:
            LogUnavailable: Redis does not answer.
        """
        (found,) = await self._link.commands([self._range(turn_id, after)])
        return _entries(found, after)

    async def follow(self, turn_id: str) -> None:
        """Hear of a turn's entries from now on; whoever asks reads what was before, and then says `caught_up`.

        Raises:
            LogUnavailable: Redis does not answer.
        """
        followed = self._followed.get(turn_id)
        if followed is None:
            followed = self._followed[turn_id] = _Followed(turn_id, None)
        await self._hear(followed)

    def caught_up(self, turn_id: str, entries: Sequence[Entry], after: int) -> None:
        """The entries of a turn over `after` have been read, and are given to the one who asked."""
        followed = self._followed.get(turn_id)
        if followed is None:
            return
        if entries and is_terminal(entries[-1].event):
            self.leave(turn_id)
        elif followed.position is None:
            followed.position = entries[-1].seq if entries else after
            if followed.missed > followed.position:
                self._fall_behind(followed)

    def take_up(self, turn_id: str, position: int) -> None:
        """Go on with a turn that was written here up to `position`, for those who follow it."""
        if turn_id in self._tails and turn_id not in self._followed:
            followed = self._followed[turn_id] = _Followed(turn_id, position)
            self._fall_behind(followed)

    def leave(self, turn_id: str) -> None:
        """Follow a turn no longer."""
        followed = self._followed.pop(turn_id, None)
        if followed is not None:
            self._behind.discard(followed)
            self._feed.drop(self._names.turn_channel(turn_id))

    async def _hear(self, followed: _Followed) -> None:
        async with followed.hearing:
            if not followed.heard:
                await self._feed.add(
                    self._names.turn_channel(followed.turn_id),
                    lambda payload: self._receive(followed, _decode(payload)),
                    lambda: self._fall_behind(followed),
                )
                followed.heard = True

    def _receive(self, followed: _Followed, entries: list[Entry]) -> None:
        followed.quiet = False
        if followed.position is None:
            followed.missed = entries[-1].seq  # what was before is being read, and may hold it already
        elif entries[0].seq > followed.position + 1:
            self._fall_behind(followed)
        else:
            self._give(followed, entries)

    def _give(self, followed: _Followed, entries: list[Entry]) -> None:
        if not entries or (followed.position is not None and entries[-1].seq <= followed.position):
            return
        followed.position = entries[-1].seq
        self._tails.give(followed.turn_id, entries)
        if is_terminal(entries[-1].event):
            self.leave(followed.turn_id)

    def _fall_behind(self, followed: _Followed) -> None:
        if self._followed.get(followed.turn_id) is followed:
            self._behind.add(followed)
            self._news.set()

    # --- catching up --------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Catch up wherever something is missing, all turns in one round trip; look at silent ones now and then."""
        loop = asyncio.get_running_loop()
        check_at = loop.time() + self._check_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(check_at):
                    await self._news.wait()
            self._news.clear()
            try:
                if self._behind:
                    await self._catch_up()
                if loop.time() >= check_at:
                    check_at = loop.time() + self._check_s
                    await self._check()
            except LogUnavailable:
                await asyncio.sleep(_AGAIN_S)
                self._news.set()

    async def _catch_up(self) -> None:
        behind = tuple(self._behind)
        for followed in behind:
            await self._hear(followed)
        found = await self._link.commands([self._range(each.turn_id, _last(each)) for each in behind])
        for followed, batches in zip(behind, found, strict=True):
            self._behind.discard(followed)
            if self._followed.get(followed.turn_id) is followed:
                self._give(followed, _entries(batches, _last(followed)))

    async def _check(self) -> None:
        """Ask what there is of turns that were silent: more than was heard, as much, or nothing any more."""
        silent = [followed for followed in self._followed.values() if followed.quiet]
        for followed in self._followed.values():
            followed.quiet = True
        if not silent:
            return
        commands: list[tuple[str, ...]] = []
        for followed in silent:
            commands.append(("HGET", self._names.head(followed.turn_id), "next"))
            commands.append(("EXISTS", self._names.record(followed.turn_id)))
        found = await self._link.commands(commands)
        for followed, following, known in zip(silent, found[::2], found[1::2], strict=True):
            if self._followed.get(followed.turn_id) is not followed:
                continue
            if following is None and (_last(followed) >= 0 or not known):
                self.leave(followed.turn_id)
                self._tails.fail(followed.turn_id, lost_log())
            elif following is not None and int(following) > _last(followed) + 1:
                self._fall_behind(followed)

    def _range(self, turn_id: str, after: int) -> tuple[str, ...]:
        """The batches that hold entries over `after`: the id of a batch is the seq after its last entry."""
        return ("XRANGE", self._names.log(turn_id), f"{after + 2}-0", "+")


def _last(followed: _Followed) -> int:
    return -1 if followed.position is None else followed.position


def decoded(batches: Sequence[bytes]) -> list[Entry]:
    """The entries of some batches."""
    return [entry for batch in batches for entry in _decode(batch)]


def _entries(batches: Sequence[tuple[bytes, dict[bytes, bytes]]], after: int) -> list[Entry]:
    entries = decoded([fields[b"e"] for _, fields in batches])
    return [entry for entry in entries if entry.seq > after] if entries and entries[0].seq <= after else entries
