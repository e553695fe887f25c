"""How hard the next step should be, 0.0 to 1.0: an Elo-like estimate over signs of success and struggle. Pure.

After Elo as it is used in adaptive practice (Klinkenberg, Straatemeier and van der Maas 2011; Pelánek 2016). The
learner's skill and the difficulty of a step are on one logistic scale, where a step succeeds with the probability

    E = 1 / (1 + exp(-(skill - step)))

The next step is set to E = 0.75, so `step = skill - ln 3`: hard enough to be worth while, easy enough to succeed three
times in four. What is shown is `difficulty = 1 / (1 + exp(-step))`. A message that shows success or struggle (evidence
for Elo's two outcomes, 0.0 to 1.0) moves the estimate; `n` counts such messages:

    skill += K * (success * (1 - E) - struggle * E),   K = 0.5 / (1 + 0.05 n)

K is half of what graded exercises use: a chat shows hints of success and struggle, and no graded answers.
"""

from math import exp, log

from msgspec import Struct

TARGET = 0.75
"""How likely the next step should succeed."""

UNKNOWN = 0.5
"""The difficulty that an estimate begins with."""

_DISTANCE = log(TARGET / (1.0 - TARGET))
_STEP = 0.5
_DECAY = 0.05
_BOUND = 6.0


class Skill(Struct, frozen=True, gc=False):
    """An estimate of skill in logits, and how many messages it rests on."""

    value: float = _DISTANCE
    evidence: int = 0

    @property
    def difficulty(self) -> float:
        """What to aim at next, 0.0 to 1.0; 0.5 where nothing is known."""
        return 1.0 / (1.0 + exp(_DISTANCE - self.value))

    def updated(self, *, success: float, struggle: float) -> "Skill":
        """The estimate after one message.

        Args:
            success: How clearly it succeeded, 0.0 to 1.0.
            struggle: How clearly it struggled, 0.0 to 1.0. Both 0.0 change nothing.
        """
        if not success and not struggle:
            return self
        step = _STEP / (1.0 + _DECAY * self.evidence)
        value = self.value + step * (success * (1.0 - TARGET) - struggle * TARGET)
        return Skill(max(-_BOUND, min(_BOUND, value)), self.evidence + 1)
