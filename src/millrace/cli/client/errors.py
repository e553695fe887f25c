"""What can go wrong between this client and a server.

    ClientError
      Unreachable      nobody answers there; it may come back
      Rejected         the server refused, with its code and its sentence
      SignInNeeded     no credential is good, and only a person can give one

Each has a sentence that tells a person what to do.
"""

from typing import ClassVar

from millrace.cli.client.notices import Problem


class ClientError(Exception):
    """Base of all of them."""

    code: ClassVar[str] = "STREAM_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def problem(self) -> Problem:
        """The same as a value."""
        return Problem(self.code, self.message)


class Unreachable(ClientError):
    """Nobody answers there, or nobody who speaks our language."""


class Rejected(ClientError):
    """The server refused. `status` is the HTTP status."""

    def __init__(self, problem: Problem, status: int) -> None:
        super().__init__(problem.message)
        self._problem = problem
        self.status = status

    @property
    def problem(self) -> Problem:
        """What the server said."""
        return self._problem


class SignInNeeded(ClientError):
    """No credential is good any more."""

    code: ClassVar[str] = "UNAUTHORIZED"
