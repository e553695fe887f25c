"""Chunks of an HTTP/1.1 body (RFC 9112, section 7.1), taken out of a read of the network without a parser's state."""

import re

_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")


def whole_chunks(data: bytes) -> tuple[bytes, int]:
    """What the chunks hold that lie whole at the start of `data`, and how many bytes they take there.

    It stops before whatever is anything else: a chunk whose end has not come, the last one, a chunk extension, a fault.
    """
    parts: list[bytes] = []
    at = 0
    while at < len(data) and (line := _SIZE_LINE.match(data, at)):
        start = line.end()
        end = start + int(line[1], 16)
        if end == start or data[end : end + 2] != b"\r\n":
            break
        parts.append(data[start:end])
        at = end + 2
    return b"".join(parts), at
