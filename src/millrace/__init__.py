"""Millrace: a self-hosted engine for live AI chat, in which a turn is an append-only log."""

__version__ = "0.1.0"
