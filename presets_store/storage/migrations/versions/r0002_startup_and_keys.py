"""When each start-up binding fired last; access keys get an integer key and the date of their last use."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for name in ("ready_boot_id", "standalone_boot_id"):
        op.add_column("devices", sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")))
    _rebuild_keys()


def _rebuild_keys() -> None:
    """Under the old name and with the old names of its constraints, so the old table goes before the new one comes."""
    kept = ("access_key", "sealed_secret", "description", "status", "created")
    old = sa.table("keys", *map(sa.column, kept))
    rows = op.get_bind().execute(sa.select(old).order_by(old.c.created, old.c.access_key)).all()
    op.drop_table("keys")
    keys = op.create_table(
        "keys",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("access_key", sa.Text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("last_access", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_keys"),
        sa.UniqueConstraint("access_key", name="uq_keys_access_key"),
        sqlite_autoincrement=True,
    )
    for row in rows:  # one by one: their new keys follow their age
        op.get_bind().execute(keys.insert().values(**dict(zip(kept, row, strict=True)), last_access=0))
