"""The categories of a question, in the order of the model's classes. docs/category.md says where each one ends."""

from typing import Final, Literal, get_args

Category = Literal["coding", "math", "science", "language", "history", "writing", "everyday", "other"]

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)

OTHER: Final[Category] = "other"
"""What fits nowhere else, and what names no subject at all: "why?", "tell me more"."""
