"""What an answer is shown by, whatever it is shown on."""

from typing import Protocol

from millrace.cli.client.notices import Ended, Notice, Problem


class View(Protocol):
    """Shows one answer. `close` always comes last."""

    interactive: bool
    """Whether somebody watches who can be kept waiting."""

    def feed(self, notice: Notice) -> None:
        """Take what happened; cheap, however often it is called."""

    def paint(self, status: str) -> None:
        """Show what was taken; below it `status`, on one line that is gone with the next call."""

    def end(self, ended: Ended) -> None:
        """Show how it ended."""

    def fail(self, problem: Problem) -> None:
        """Show that there will be no answer, and what to do."""

    def close(self) -> None:
        """Leave the terminal as it was found."""


def sentence(problem: Problem) -> str:
    """A problem for people: what it is, what to do, and when."""
    if problem.retry_after is None:
        return problem.message
    return f"{problem.message} Wait {max(1, round(problem.retry_after))} s before that."
