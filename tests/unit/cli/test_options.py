from pathlib import Path

import pytest
import typer

from millrace.cli.options import plain_errors, settings_from
from millrace.model.errors import StoreUnavailable
from millrace.server.settings_errors import SettingsError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_options_that_were_given_count_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_PORT", "5")
    settings = settings_from(None, port=None, host="::1", auth__mode="accounts", auth__allow_guests=None)
    assert (settings.port, settings.host, settings.auth.mode) == (5, "::1", "accounts")


def test_mistakes_become_sentences_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, plain_errors():
        raise SettingsError(["One.", "Two."])
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "millrace: One.\nmillrace: Two.\n"


def test_what_cannot_be_opened_is_a_sentence_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, plain_errors():
        raise StoreUnavailable(detail="not for people")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == f"millrace: {StoreUnavailable.default_message}\n"
