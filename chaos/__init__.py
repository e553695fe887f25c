"""What becomes of answers when something breaks: real processes, real faults, every token counted."""
