"""Where Redis is: one address for a server, a Sentinel group or a cluster."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

Kind = Literal["server", "sentinel", "cluster"]
_SCHEMES: dict[str, tuple[Kind, bool]] = {
    "redis": ("server", False),
    "rediss": ("server", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_PORTS: dict[Kind, int] = {"server": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """Of a Redis that may be one server, one that Sentinels watch, or a cluster.

    Attributes:
        kind: Which of them.
        hosts: Host and port of the server, of the Sentinels, or of some nodes of the cluster.
        tls: Whether connections are encrypted.
        username: Of its access list; the default user where there is none.
        password: Its password.
        database: The number of the database, 0 in a cluster.
        service: What the Sentinels call it.
    """

    kind: Kind
    hosts: tuple[tuple[str, int], ...]
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    service: str = ""

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Read an address.

            redis://[user:password@]host[:port][/database]            one server; rediss:// with TLS
            redis+sentinel://[user:password@]host[:port][,...]/service[/database]
            redis+cluster://[user:password@]host[:port][,...]

        Raises:
            ValueError: It is none; the message says what is missing and never holds the address itself.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES:
            raise ValueError(f"must begin with {', '.join(f'{scheme}://' for scheme in _SCHEMES)}")
        kind, tls = _SCHEMES[parts.scheme]
        credentials, _, hosts = parts.netloc.rpartition("@")
        username, _, password = credentials.partition(":")
        service, database = _path(kind, parts)
        if kind == "server" and "," in hosts:
            raise ValueError("must name one host; several are redis+sentinel:// or redis+cluster://")
        return cls(
            kind=kind,
            hosts=tuple(_host(host, _PORTS[kind]) for host in hosts.split(",")),
            tls=tls,
            username=unquote(username) or None,
            password=unquote(password) or None,
            database=database,
            service=service,
        )


def _path(kind: Kind, parts: SplitResult) -> tuple[str, int]:
    words = [word for word in parts.path.split("/") if word]
    service = ""
    if kind == "sentinel":
        if not words:
            raise ValueError("must name the service that the Sentinels watch: redis+sentinel://host/service")
        service = unquote(words.pop(0))
    database = words.pop(0) if words else "0"
    if words or parts.query or not database.isdecimal():
        raise ValueError("must end with the host, or with the number of a database")
    if kind == "cluster" and database != "0":
        raise ValueError("must name no database: a cluster has only one")
    return service, int(database)


def _host(text: str, usual: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not parts.hostname or port == 0:
        raise ValueError("must name a host, and a port between 1 and 65535 where it is not the usual one")
    return parts.hostname, port or usual
