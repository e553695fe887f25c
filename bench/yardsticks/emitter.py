"""The usual Socket.IO server: python-socketio with an `emit` per token. It stores and checks nothing.

Its upstream is read as the floor reads it, so that what it costs is Socket.IO's.
"""

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

import msgspec
import socketio
import uvicorn

from bench.yardsticks.arguments import read_arguments
from bench.yardsticks.floor import CONTENT, END_OF_EVENT


class Relay:
    """Answers `chat_stream` with a `chat_token` for each token, in the words of the dialect `tokens`."""

    def __init__(self, server: socketio.AsyncServer, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._server = server
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = f"{parts.path}/chat/completions"
        server.on("chat_stream", self.answer)

    async def answer(self, sid: str, data: dict[str, Any]) -> None:
        """Relay one answer to its end."""
        body = msgspec.json.encode(
            {"model": data["model"], "stream": True, "messages": [{"role": "user", "content": data["message"]}]}
        )
        head = f"POST {self._path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer bench\r\n"
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            count, tail = 0, b""
            while chunk := await reader.read(65_536):
                chunk = tail + chunk
                end = max(chunk.rfind(END_OF_EVENT), 0)
                tail = chunk[end + 2 :] if end else chunk
                for token in CONTENT.findall(chunk, 0, end):
                    count += 1
                    await self._server.emit("chat_token", {"token": token.decode(), "count": count}, to=sid)
                if b"[DONE]" in chunk:
                    break
            await self._server.emit("chat_complete", {"tokens": count}, to=sid)
        finally:
            writer.close()


def serve(upstream: str, port: int) -> None:
    """Serve on `port` (0: any free one) until killed."""
    server = socketio.AsyncServer(async_mode="asgi")
    Relay(server, upstream)
    config = uvicorn.Config(socketio.ASGIApp(server), log_level="warning")
    with socket.create_server(("127.0.0.1", port), backlog=4096) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    arguments = read_arguments(__doc__)
    serve(arguments.upstream, arguments.port)
