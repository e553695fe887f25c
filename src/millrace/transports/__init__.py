"""What carries frames: they pump a follower into a socket and a socket into commands."""
