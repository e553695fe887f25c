"""The page: the built files, with the addresses of the interface all answered by its one document."""

import asyncio
import html
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_FOLDER: Final = Path(__file__).resolve().parent.parent / "web"
"""Where the page is built to, and where the wheel has it."""
_ROUTES = ("login", "chat", "ops")
_BASE = '<base href="/" />'
_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # components set positions and sizes by style attributes
        # No pictures from elsewhere: a model could be talked into putting a conversation into such an address.
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
}
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Millrace</title>
<h1>Millrace runs, but its page is not built</h1>
<p>Build it with <code>npm ci &amp;&amp; npm run build</code> in the repository (<code>make run</code> does this by
itself), then load this address again. An installed package contains the page.</p>
<p>The HTTP interface is there already: <a href="api/openapi.json">its description</a>.</p>
</html>
"""


class Page(StaticFiles):
    """Serves the page's files; `/`, `/login`, `/chat` and what is under `/chat/` are its one document.

    Files under `assets/` carry a hash of their content in their name and are kept for ever; all else is asked
    for anew each time (and answered 304 where it has not changed).
    """

    def __init__(self, folder: Path = PAGE_FOLDER) -> None:
        super().__init__(directory=folder, html=False, check_dir=False)
        self._index = folder / "index.html"

    async def check_config(self) -> None:
        """A page that is not built is told to people, not to the log."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, or the document."""
        first = path.split("/", 1)[0]
        if path in {"", "."} or first in _ROUTES:
            return await self.document(scope)
        if first == "api":
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _IMMUTABLE if first == "assets" else _REVALIDATE
        return response

    async def document(self, scope: Scope) -> Response:
        """The page's one document, which looks at the address by itself."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405)
        try:
            document = await asyncio.to_thread(self._index.read_text, encoding="utf-8")
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        # The page's own addresses are relative to its <base>: that is how it works under a prefix too.
        root = html.escape(scope.get("root_path", "") + "/")
        return HTMLResponse(
            document.replace(_BASE, f'<base href="{root}" />', 1), headers={"Cache-Control": "no-cache"}
        )


class SecurityHeaders:
    """ASGI middleware: tells browsers what the page may do, on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to the answer's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
