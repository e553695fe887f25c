"""Stores: what is kept for good. `sql.SqlStore` is the one there is; SQLite by default, PostgreSQL by the same code."""
