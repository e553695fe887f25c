"""Backends of the turn log and its registry."""
