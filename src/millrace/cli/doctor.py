"""`millrace doctor`: INTERIM."""


def doctor() -> None:
    """Say what is configured, what answers, what is wrong and how to mend it."""
