"""Where the command `millrace` begins and ends."""

from millrace.cli.imports import importing, leaving


def main() -> None:
    """Run the command line."""
    with importing():
        from millrace.cli.main import app  # noqa: PLC0415 - that is what takes the time
    with leaving():
        app(prog_name="millrace")
