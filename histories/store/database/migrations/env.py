"""What Alembic runs: the steps in `versions`, on the connection that `histories.store.database.migrate` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
