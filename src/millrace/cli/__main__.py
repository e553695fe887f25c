"""`python -m millrace.cli`: the command `millrace`, where it is not on the path."""

from millrace.cli.main import app

if __name__ == "__main__":
    app(prog_name="millrace")
