"""Which model is asked, and who goes on where it fails: chains, circuit breakers, ceilings, continued answers."""
