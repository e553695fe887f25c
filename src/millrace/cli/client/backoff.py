"""How long to wait before the next attempt to connect."""

DELAYS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
LAST_DELAY_S = 30.0
JITTER = 0.2
"""The part by which a delay may be shorter or longer, so that not all clients come back at the same moment."""


def delay_s(attempt: int, chance: float) -> float:
    """Seconds to wait before attempt number `attempt` (from 0) to come back; `chance` is 0.0 to 1.0."""
    base = DELAYS_S[attempt] if attempt < len(DELAYS_S) else LAST_DELAY_S
    return base * (1 - JITTER + 2 * JITTER * chance)
