"""The terminal chat: what is shown and what is typed. The conversation itself is `millrace.cli.client`."""
