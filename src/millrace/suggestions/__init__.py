"""What a fast model suggests beside the answer: follow-up questions, and a title for the session."""
