"""What each dialect costs beside `chat`: the same answers, the same server, other frames."""
