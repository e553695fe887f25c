"""Pure state machines over the log: no I/O, no clock, no await."""
