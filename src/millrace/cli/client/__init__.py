"""A client of the `chat` dialect: connect, resume, fold. `exchange.py` decides, `link.py` does; neither prints."""
