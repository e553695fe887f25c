from millrace.cli.client.notices import Problem
from millrace.cli.terminal.view import sentence


def test_a_problem_says_how_long_to_wait() -> None:
    assert sentence(Problem("RATE_LIMIT", "Too fast. Try again.")) == "Too fast. Try again."
    assert sentence(Problem("RATE_LIMIT", "Too fast. Try again.", retry_after=2.6)) == (
        "Too fast. Try again. Wait 3 s before that."
    )
    assert sentence(Problem("RATE_LIMIT", "Too fast.", retry_after=0.2)).endswith("Wait 1 s before that.")
