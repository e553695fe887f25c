"""Sources of generation, each behind the `Provider` port."""
