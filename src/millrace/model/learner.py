"""What is estimated of a learner after a message: what the wire shows, and what the next answer is built on."""

from msgspec import Struct

from millrace.model.events import EmotionState


class LearnerState(Struct, frozen=True):
    """An estimate, never a fact.

    Attributes:
        emotion: What is shown and stored with the message.
        difficulty: How hard the next step should be, 0.0 (beginner) to 1.0 (expert); none where nothing is known.
        instruction: What the prompt says of it; empty where there is nothing to say or the switch is off.
    """

    emotion: EmotionState
    difficulty: float | None = None
    instruction: str = ""
