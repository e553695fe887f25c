"""What a user has chosen, for all of their conversations."""

from msgspec import Struct


class Preferences(Struct, frozen=True, omit_defaults=True):
    """A user's choices. What was not chosen is as here.

    Attributes:
        emotion_enabled: Whether the emotion in the user's messages may be estimated; nothing is computed where not.
    """

    emotion_enabled: bool = True
