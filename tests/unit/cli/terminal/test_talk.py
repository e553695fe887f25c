import socket
from pathlib import Path

import pytest

from millrace.cli.client.errors import ClientError
from millrace.cli.terminal.talk import Options, talk


async def test_where_no_server_is_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClientError, match="millrace serve"):
            await talk(Options(url, None, None, None, thinking=False, message="Hello?"))
