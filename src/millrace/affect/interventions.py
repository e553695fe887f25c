"""What a teacher would do next: short sentences, shown to the learner and told to the model."""

from enum import StrEnum


class Intervention(StrEnum):
    """Ways to go on, most urgent first."""

    ONE_IDEA = "Give one idea at a time, starting with a short recap."
    WORKED_EXAMPLE = "Show a worked example in smaller steps."
    ACKNOWLEDGE = "Acknowledge the frustration briefly and explain it in a different way."
    LOW_STAKES = "Ask a small question that is safe to get wrong."
    CHALLENGE = "Raise the challenge with a harder or more surprising problem."
    HINT = "Where it helps, offer a hint or ask what they think so far, in their own words."
    EXTEND = "Where it fits, extend the idea: connect it to something new or apply it elsewhere."
