"""nginx in front of servers, with a configuration of ours and free ports.

with nginx(EXAMPLES / "site.conf", server.url) as url:
    httpx2.get(url)
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "nginx"
START_S = 30.0
_MAIN = """
daemon off;
pid {folder}/pid;
error_log stderr;
{user}
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""


@contextmanager
def nginx(site: Path, upstream: str, port: int) -> Iterator[str]:
    """Run nginx on `port` with an example's site in front of the server at `upstream`; gives nginx's own URL."""
    program = shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    assert program is not None, "nginx is not on this machine: scripts/setup.sh services"
    folder = Path(tempfile.mkdtemp(prefix="millrace-nginx-"))
    shutil.copy(EXAMPLES / "millrace-proxy.conf", folder)
    text = site.read_text(encoding="utf-8")
    changed = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    changed = changed.replace("127.0.0.1:8000", upstream.removeprefix("http://"))
    assert "127.0.0.1:8000" not in changed
    assert "listen 80" not in changed
    (folder / "site.conf").write_text(changed, encoding="utf-8")
    main = folder / "nginx.conf"
    # Its workers run as we do, since all their files are ours.
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(_MAIN.format(folder=folder, user=user), encoding="utf-8")
    with (folder / "stderr").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen([program, "-c", str(main), "-p", str(folder)], stderr=errors)
        try:
            _wait_for(port, process, folder / "stderr")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(START_S)
            shutil.rmtree(folder)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]", errors: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, errors.read_text(encoding="utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError(f"nginx did not begin to listen: {errors.read_text(encoding='utf-8')}")
