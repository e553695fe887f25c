"""The 28 labels of GoEmotions, and what they are grouped into."""

from collections.abc import Mapping

NEUTRAL = "neutral"

POSITIVE = (
    "admiration",
    "amusement",
    "approval",
    "caring",
    "desire",
    "excitement",
    "gratitude",
    "joy",
    "love",
    "optimism",
    "pride",
    "relief",
)
AMBIGUOUS = ("confusion", "curiosity", "realization", "surprise")

EKMAN: Mapping[str, tuple[str, ...]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": POSITIVE,
    "sadness": ("disappointment", "embarrassment", "grief", "remorse", "sadness"),
    "surprise": AMBIGUOUS,
    NEUTRAL: (NEUTRAL,),
}
"""Ekman's six basic emotions, as the data set's authors group their labels."""

SENTIMENT: Mapping[str, tuple[str, ...]] = {
    "positive": POSITIVE,
    "negative": (*EKMAN["anger"], *EKMAN["disgust"], *EKMAN["fear"], *EKMAN["sadness"]),
    "ambiguous": AMBIGUOUS,
    NEUTRAL: (NEUTRAL,),
}
"""Sentiment, as the data set's authors group their labels."""

TUTORING: Mapping[str, tuple[str, ...]] = {
    "engaged": ("curiosity", "excitement", "joy", "admiration", "optimism", "desire"),
    "confused": ("confusion",),
    "frustrated": ("annoyance", "anger", "disappointment", "disapproval", "disgust"),
    "anxious": ("nervousness", "fear", "embarrassment"),
    "low": ("sadness", "grief", "remorse"),
    "resolved": ("realization", "relief", "pride", "gratitude"),
}
"""What matters to a tutor (see docs/affect.md). Boredom has no label: it comes from the conversation."""
