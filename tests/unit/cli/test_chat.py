import pytest
import typer
from typer.testing import CliRunner

from millrace.cli.chat import chat

app = typer.Typer()
app.command()(chat)


@pytest.mark.parametrize("url", ["ftp://host", "http://", "host:port", "http://[::1"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    result = CliRunner().invoke(app, ["--url", url, "Hello"])
    assert result.exit_code == 2
    assert "no address" in result.output


@pytest.mark.parametrize("arguments", [["  "], []])
def test_nothing_to_ask_is_told(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments, input="\n")
    assert result.exit_code == 1
    assert "nothing to ask" in result.output


def test_an_address_needs_no_scheme() -> None:
    result = CliRunner().invoke(app, ["--url", "127.0.0.1:9", "Hello"])
    assert result.exit_code == 1
    assert "No Millrace server answers at http://127.0.0.1:9." in result.output
