"""Running it: clocks, metrics and what operators look at."""
