"""Each cue can be read in a sentence, and finds what it is named after."""

import pytest

from millrace.thinking.cues import CUES


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("a 5 b 6 c 7", "calculates with several numbers"),
        ("how many apples are left if 3 are eaten", "asks how much or how many under conditions"),
        ("solve x^2 = 4", "has a formula"),
        ("see:\n```c\nint i;\n```", "shows code"),
        ("word " * 40, "is long"),
        ("what? and who?", "asks more than one thing"),
        ("vergleiche beide", "asks to compare or to weigh"),
    ],
)
def test_what_is_seen(question: str, reason: str) -> None:
    assert reason in {cue.reason for cue in CUES if cue.found(question)}


def test_cues_are_told_apart_by_their_reasons() -> None:
    reasons = [cue.reason for cue in CUES]
    assert len(set(reasons)) == len(reasons)
    assert all(reason.split()[0] in {"asks", "is", "has", "calculates", "sets", "shows"} for reason in reasons)
    assert all(cue.weight for cue in CUES)
