"""What was refused, and why."""

import sqlalchemy as sa
from alembic import op

from histories.store.database.schema import TEXT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "quarantine",
        sa.Column("digest", TEXT, primary_key=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("row", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop it: what was refused is lost, facts are not touched."""
    op.drop_table("quarantine")
