"""The largest request body that is read."""

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from millrace.model.errors import MessageTooLong
from millrace.server.problems import send_problem


class _BodyTooLarge(Exception):
    """More arrived than was announced, or nothing was announced."""


class BodyLimit:
    """ASGI middleware: answers 413 to a request whose body is larger than the limit, and reads no more of it.

    Args:
        app: What is guarded.
        limit: In bytes.
        except_under: Paths, relative to the app, that limit what they read themselves.
    """

    def __init__(self, app: ASGIApp, limit: int, except_under: Collection[str] = ()) -> None:
        self._app = app
        self._limit = limit
        self._except_under = tuple(except_under)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of it."""
        if scope["type"] != "http" or self._is_exempt(scope):
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        answering = False

        async def receive_counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise _BodyTooLarge
            return message

        async def send_noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noted)
        except _BodyTooLarge:
            if answering:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = MessageTooLong(f"The request is larger than the {self._limit:,} bytes that are accepted.")
        await send_problem(error, scope, receive, send)

    def _is_exempt(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return any(path == prefix or path.startswith(prefix + "/") for prefix in self._except_under)
