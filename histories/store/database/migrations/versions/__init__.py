"""One module a step; Alembic finds their order by `down_revision`."""
