"""An hour's worth of answers in minutes, and what is left of them in the server: nothing."""
