"""What can go wrong in the bench itself."""


class BenchError(Exception):
    """The bench can't measure; the message says what to do about it."""
