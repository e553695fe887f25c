"""Servers that Millrace is measured against; each is a process of its own."""
