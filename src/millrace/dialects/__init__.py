"""Wire protocols: pure translations between commands, events and frames."""
