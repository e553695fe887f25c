"""How strongly a learner seems engaged, confused, frustrated, anxious, low, resolved or bored."""

from collections.abc import Mapping
from math import prod

from msgspec import Struct

from millrace.affect.labels import TUTORING

SMOOTHING = 0.6
"""How much of a level is what it was before; the rest is the newest message."""


class Levels(Struct, frozen=True, gc=False):
    """What matters to a tutor, each 0.0 to 1.0. `resolved`: something became clear; `low`: sadness."""

    engaged: float = 0.0
    confused: float = 0.0
    frustrated: float = 0.0
    anxious: float = 0.0
    low: float = 0.0
    resolved: float = 0.0
    bored: float = 0.0

    def smoothed(self, now: "Levels") -> "Levels":
        """These levels after a message of levels `now`."""
        return Levels(
            *(
                SMOOTHING * getattr(self, name) + (1.0 - SMOOTHING) * getattr(now, name)
                for name in Levels.__struct_fields__
            )
        )


def noisy_or(*probabilities: float) -> float:
    """The probability that at least one holds, were they independent. Grows with each of them; 0.0 for none."""
    return 1.0 - prod(1.0 - probability for probability in probabilities)


def levels_of(probabilities: Mapping[str, float]) -> Levels:
    """The levels that calibrated probabilities of emotions amount to. `bored` is 0.0: no emotion speaks of it."""
    return Levels(
        **{
            group: noisy_or(*(probabilities.get(label, 0.0) for label in members))
            for group, members in TUTORING.items()
        }
    )
