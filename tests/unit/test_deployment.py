"""What the container, the compose file and .env.example name is there: no engine is needed to find a stale name."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from millrace.server.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"^#?(?P<name>[A-Z][A-Z0-9_]+)=(?P<value>.*)$", re.MULTILINE)
LONG_ENOUGH = "0123456789abcdef0123456789abcdef"


def dockerfile() -> list[str]:
    """The Dockerfile's instructions, a line each."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def copied() -> list[str]:
    """What the Dockerfile takes from the repository."""
    words = [shlex.split(line)[1:] for line in dockerfile() if line.startswith("COPY ") and "--from=" not in line]
    return [source.removeprefix("./") for line in words for source in line[:-1]]


def load_only(monkeypatch: pytest.MonkeyPatch, folder: Path, variables: dict[str, str]) -> Settings:
    """The settings as these variables alone make them."""
    monkeypatch.chdir(folder)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_the_image_copies_what_there_is() -> None:
    assert copied()
    missing = [source for source in copied() if not (ROOT / source).exists()]
    assert not missing, f"the Dockerfile copies {missing}, which the repository does not have"


def test_the_builder_is_sent_what_the_image_copies() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    assert set(copied()) <= sent


def test_the_image_asks_people_to_sign_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pairs = [word.split("=", 1) for line in dockerfile() if line.startswith("ENV ") for word in shlex.split(line)[1:]]
    settings = load_only(monkeypatch, tmp_path, {name: value for name, value in pairs if name.startswith("MILLRACE_")})
    assert settings.auth.mode == "accounts"
    assert any(line.startswith("USER ") for line in dockerfile())


def test_compose_gives_running_turns_time_to_be_handed_over() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["millrace"]
    grace = float(service["stop_grace_period"].removesuffix("s"))
    assert grace > Settings().shutdown_s
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_every_line_of_the_example_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    variables = {match["name"]: match["value"] or LONG_ENOUGH for match in VARIABLE.finditer(example)}
    ours = {name: value for name, value in variables.items() if name.startswith("MILLRACE_")}
    assert len(ours) > 5
    unknown = [
        name for name in ours if name.removeprefix("MILLRACE_").split("__")[0].lower() not in Settings.model_fields
    ]
    assert not unknown
    settings = load_only(monkeypatch, tmp_path, ours)
    assert settings.limits.turns_per_minute == int(ours["MILLRACE_LIMITS__TURNS_PER_MINUTE"])
    assert not re.findall(r"^[^#\n]", example, re.MULTILINE), "the example sets nothing by itself"
