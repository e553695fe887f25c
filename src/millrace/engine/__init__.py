"""The engine: starts, follows, stops and recovers turns."""
