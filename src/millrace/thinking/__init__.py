"""Thinking before answering: whether a question gains from it, and steps for models that do not think by themselves."""
