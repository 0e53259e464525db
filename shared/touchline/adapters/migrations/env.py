"""Runs the migrations on the connection that `touchline.adapters.database.migrate` hands over, in its transaction."""

from alembic import context

from touchline.adapters import schema_collected  # noqa: F401 - its tables belong to the metadata
from touchline.adapters.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
