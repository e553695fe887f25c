"""The load generator: clients of the chat dialect in one process of their own."""
