"""Alembic's environment: runs on the connection and in the transaction that `millrace.stores.schema` prepared."""

from alembic import context

from millrace.stores.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
