"""The wire protocols that the simulator speaks, one module each."""
