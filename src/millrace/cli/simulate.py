"""``millrace simulate``: a model provider on this machine, for developing and testing without a key."""

from typing import TYPE_CHECKING, Annotated

import typer

from millrace.cli.imports import importing

if TYPE_CHECKING:
    from millrace.testing.simulator import Simulator

DEFAULT_BEHAVIOUR = "text=mixed&tokens=200&interval_ms=20&ttft_ms=200"
"""What looks like a real model to a person who watches."""


def simulate(
    port: Annotated[int, typer.Option(help="TCP port to listen on; 0 takes a free one.", min=0, max=65535)] = 9100,
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1",
    behaviour: Annotated[
        str, typer.Option(help="How requests that do not say otherwise are answered.", metavar="KEY=VALUE&...")
    ] = DEFAULT_BEHAVIOUR,
) -> None:
    """Run a simulated model provider (the wires of OpenAI, Anthropic, Gemini and Ollama) until you press Ctrl-C."""
    with importing():
        from millrace.testing.simulator import BehaviourError  # noqa: PLC0415 - see millrace.cli.options
        from millrace.testing.simulator.service import serve  # noqa: PLC0415 - as above
    try:
        serve(port, host, behaviour, _announce)
    except BehaviourError as error:
        raise typer.BadParameter(str(error), param_hint="--behaviour") from error
    except OSError as error:
        typer.echo(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another one with --port.", err=True
        )
        raise typer.Exit(1) from error


def environment(simulator: "Simulator") -> list[str]:
    """The lines that point each provider to the simulator: those known by name, then those that settings make."""
    from millrace.providers.config import USUAL  # noqa: PLC0415 - see millrace.cli.options
    from millrace.testing.simulator import API_KEY  # noqa: PLC0415 - as above

    paths = {"anthropic": "", "gemini": "/v1beta"}
    lines: list[str] = []
    for usual in USUAL:
        lines.append(f"{usual.base_url_variable}={simulator.url}{paths.get(usual.kind, '/v1')}")
        lines.append(f"{usual.key_variables[0]}={API_KEY}")
    return [
        *lines,
        "MILLRACE_PROVIDERS__RESPONSES__KIND=openai-responses",
        f"MILLRACE_PROVIDERS__RESPONSES__BASE_URL={simulator.base_url}",
        f"MILLRACE_PROVIDERS__RESPONSES__API_KEY={API_KEY}",
        "MILLRACE_PROVIDERS__OLLAMA__KIND=ollama",
        f"MILLRACE_PROVIDERS__OLLAMA__BASE_URL={simulator.url}",
    ]


def _announce(simulator: "Simulator") -> None:
    for line in environment(simulator):
        typer.echo(line)
    typer.echo(f"""
# A simulated provider listens on {simulator.url}. Put the lines above, or those of the providers
# you want, into the environment of your application.
# The model name chooses the behaviour, and every name works:
#   sim                                            as --behaviour says
#   sim?tokens=500&interval_ms=10&text=markdown    faster, longer, Markdown
#   sim?reasoning=80&reasoning_place=think         thinks first, in <think> tags
#   sim?fault=429&retry_after=2                    refuses
#   sim?fault=cut&after=30                         loses the connection after 30 tokens
# The header X-Simulate takes the same text and wins. GET {simulator.url}/_requests shows what was asked.""")
