"""The benchmark: Millrace and two yardsticks, driven by one load generator and fed by one simulated provider."""
