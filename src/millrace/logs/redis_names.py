"""What the keys and channels in Redis are called.

A cluster keeps keys with the same `{tag}` in one place, and a script may touch only such: the keys of a turn's log
carry the turn's id, so that logs spread over the cluster; those of the registry share one tag, so that each of its
verbs is atomic. Channels know no databases, so their names hold the database's number.
"""


class RedisNames:
    """The names of one installation; `prefix` tells several on one Redis apart."""

    def __init__(self, prefix: str, database: int = 0) -> None:
        self._prefix = prefix
        self._channels = f"{prefix}@{database}"
        self.registry = f"{prefix}:{{registry}}"
        """What all keys of the registry begin with."""
        self.owner_channel = f"{self._channels}:owner:"
        """Where a process hears the signals for its turns: this and its name."""
        self.orphans_channel = f"{self._channels}:orphans"
        """Where all processes hear of turns that were given up."""

    def head(self, turn_id: str) -> str:
        """The hash with a log's fence and its next `seq`."""
        return f"{self._prefix}:{{{turn_id}}}:head"

    def log(self, turn_id: str) -> str:
        """The stream of a turn's entries."""
        return f"{self._prefix}:{{{turn_id}}}:log"

    def turn_channel(self, turn_id: str) -> str:
        """Where followers in other processes hear of a turn's entries."""
        return f"{self._channels}:turn:{turn_id}"

    def user_channel(self, user_id: str) -> str:
        """Where whoever watches a user hears of the user's turns."""
        return f"{self._channels}:user:{user_id}"

    def record(self, turn_id: str) -> str:
        """The hash that the registry keeps of a turn."""
        return f"{self.registry}:turn:{turn_id}"

    def ticket(self, ticket: str) -> str:
        """A one-time ticket."""
        return f"{self._prefix}:ticket:{ticket}"
