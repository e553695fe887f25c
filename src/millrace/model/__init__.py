"""The values everything else speaks in: events, messages, commands, errors. No I/O, no clock, no state."""
