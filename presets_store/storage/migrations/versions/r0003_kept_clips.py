"""Clips: which are kept for good, their thumbnails, and their links in the device's chain."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    columns = (
        sa.Column("protected", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("thumbnail", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("chain_number", BIG, nullable=False, server_default=sa.text("0")),
        sa.Column("chain_link", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    for column in columns:
        op.add_column("clips", column)
    op.create_index("ix_clips_chain_number_key", "clips", ["chain_number", "key"])
