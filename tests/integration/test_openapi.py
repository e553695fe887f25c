"""The description of the HTTP interface is true: whatever a client makes of it, the server answers as described."""

import subprocess
import sys
from pathlib import Path

from tests.support.server import run_millrace, running_server

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
LIMIT_S = 110


def test_no_request_gets_a_fault_or_an_answer_that_is_not_described(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    settings = environment | {"MILLRACE_DEFAULT_MODEL": "sim/sim?tokens=2"}
    data = tmp_path / "data"
    with running_server(data, environment=settings) as server:
        token = run_millrace("token", "--user", "fuzz", "--data-dir", str(data), environment=settings).stdout.strip()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/api/openapi.json"),
                *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--continue-on-failure"),
                *("--phases", "examples,coverage,fuzzing", "--max-examples", "1", "--seed", "1", "--no-color"),
                *("--warnings", "off", "--request-timeout", "30"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + server.messages()
        assert "passed" in done.stdout
