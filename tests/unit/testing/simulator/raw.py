"""A client on a bare socket, for the tests: it sees every HTTP chunk by itself, and how the connection ended."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

LIMIT = 10.0
"""Seconds that anything in these tests may take."""

PATH = "/v1/chat/completions"


@dataclass(slots=True)
class Answer:
    """A response: its chunks as they came, and its end: regular, closed too early, or reset."""

    status: int
    headers: dict[str, str]
    chunks: list[bytes] = field(default_factory=list)
    ended: Literal["regular", "closed", "reset"] = "regular"

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def events(self) -> list[str]:
        """The data of every whole event."""
        return [event.removeprefix("data: ") for event in self.body.decode().split("\n\n")[:-1]]

    @property
    def objects(self) -> list[Any]:
        """The JSON of every event but ``[DONE]``."""
        return [json.loads(event) for event in self.events if event != "[DONE]"]

    @property
    def text(self) -> str:
        """The answer, joined; the ``content`` of every delta must be a string or nothing."""
        return "".join(choice["delta"].get("content") or "" for chunk in self.objects for choice in chunk["choices"])


def chat(model: str, *, stream: bool = True, user: str = "Hello", **parameters: Any) -> dict[str, Any]:
    """The body of a request."""
    messages = [{"role": "user", "content": user}]
    return {"model": model, "messages": messages, "stream": stream} | parameters


@contextlib.asynccontextmanager
async def posting(
    url: str, body: object, headers: Mapping[str, str] | None = None, *, receive_buffer: int | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which a request has been posted; it is closed in the end."""
    parts = urlsplit(url)
    connection = socket.socket()
    connection.setblocking(False)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=connection)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {PATH} HTTP/1.1", "Host: simulator", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def read_head(reader: asyncio.StreamReader) -> Answer:
    """The status line and the headers."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    return Answer(int(head[0].split()[1]), {name.lower(): value for name, value in pairs})


async def read_chunk(reader: asyncio.StreamReader) -> bytes:
    """One HTTP chunk; empty at the regular end."""
    size = int(await reader.readuntil(b"\r\n"), 16)
    return (await reader.readexactly(size + 2))[:-2]


async def post(url: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Post a request and read its answer to the end."""
    async with asyncio.timeout(LIMIT), posting(url, body, headers) as (reader, _):
        answer = await read_head(reader)
        try:
            if "content-length" in answer.headers:
                answer.chunks.append(await reader.readexactly(int(answer.headers["content-length"])))
                return answer
            while chunk := await read_chunk(reader):
                answer.chunks.append(chunk)
        except asyncio.IncompleteReadError:
            answer.ended = "closed"
        except ConnectionResetError:
            answer.ended = "reset"
        return answer
