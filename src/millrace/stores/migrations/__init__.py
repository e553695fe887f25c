"""The history of the tables, run by `millrace.stores.schema`."""
