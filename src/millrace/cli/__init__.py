"""How Millrace is run."""
