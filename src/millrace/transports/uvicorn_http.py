"""uvicorn's HTTP protocol with one addition: parts of a streamed answer in one write, at once where there is room.

Going through the layers of an ASGI application for each token costs more than everything else that is done for it.
"""

from functools import partial

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.utils import ClientDisconnected

from millrace.transports.sse import CHUNKS_EXTENSION


class ChunksProtocol(HttpToolsProtocol):
    """Gives applications the extension `millrace.http.chunks`: `offer` and `abort` of the request's answer."""

    def on_headers_complete(self) -> None:
        """Tell the application what we understand; its task has been made, but has not run yet."""
        super().on_headers_complete()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.scope is self.scope:  # not so for a request that becomes a WebSocket
            extension: dict[object, object] = {"offer": partial(_offer, cycle), "abort": self.transport.abort}
            self.scope["extensions"] = {CHUNKS_EXTENSION: extension}


def _offer(cycle: RequestResponseCycle, body: bytes) -> bool:
    """Write a part of the answer's body if there is room for it now; says whether there was.

    There is none before the answer was started by the ordinary way.

    Raises:
        ClientDisconnected: The connection is closed or closing, or the answer is complete.
    """
    if cycle.disconnected or cycle.response_complete or cycle.transport.is_closing():
        raise ClientDisconnected
    if cycle.flow.write_paused or not cycle.chunked_encoding:
        return False
    cycle.transport.write(b"%x\r\n%b\r\n" % (len(body), body))  # RFC 9112, section 7.1
    return True
