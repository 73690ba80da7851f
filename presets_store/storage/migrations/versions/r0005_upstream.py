"""Under an upstream: uploads of photos and sound, reports that may be dropped, corrected times, quicker look-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
VIDEO_CLIP = 33
"""The item type of all uploads of before."""


def upgrade() -> None:
    _uploads()
    _reports()
    _items()
    _corrections()
    _indexes()


def _uploads() -> None:
    connection = op.get_bind()
    old = sa.table("uploads", *map(sa.column, ("clip_key", "upstream", "remote_clip_id", "remote_file_id")))
    known = connection.execute(sa.select(old)).all()
    op.drop_table("uploads")
    op.create_table(
        "uploads",
        sa.Column("item_type_id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("item_key", BIG, nullable=False, autoincrement=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("remote_item_id", BIG, nullable=False),
        sa.Column("remote_file_id", BIG, nullable=False),
        sa.Column("file_location", sa.Text, nullable=False),
        sa.Column("requested", BIG, nullable=False),
        sa.PrimaryKeyConstraint("item_type_id", "item_key", "upstream", name="pk_uploads"),
    )
    asked = sa.text("requested > 0")
    op.create_index("ix_uploads_requested", "uploads", ["upstream"], sqlite_where=asked, postgresql_where=asked)
    names = ("item_type_id", "item_key", "upstream", "remote_item_id", "remote_file_id", "file_location", "requested")
    new = sa.table("uploads", *map(sa.column, names))
    if known:
        rows = [dict(zip(names, (VIDEO_CLIP, *upload, "", 0), strict=True)) for upload in known]
        connection.execute(new.insert(), rows)


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_reports"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reports_destination_kind_key", "reports", ["destination", "kind", "key"])


def _items() -> None:
    for table, names in (("images", ("camera_id",)), ("audio_clips", ("event_uuid",))):
        for name in (*names, "sha256", "clock_quality", "boot_id"):
            op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")))
    for table in ("images", "audio_clips"):
        mine = sa.text("boot_id <> ''")
        op.create_index(
            f"uq_{table}_device_key_local_file_path", table, ["device_key", "local_file_path"], unique=True,
            sqlite_where=mine, postgresql_where=mine,
        )  # fmt: skip
        unsent = sa.text(f"boot_id <> '' AND {table[:-1]}_status = 1")
        op.create_index(
            f"ix_{table}_unsent", table, ["device_key", "start", "key"], sqlite_where=unsent, postgresql_where=unsent
        )


def _corrections() -> None:
    for table in ("events", "clips", "images", "audio_clips"):
        for name in ("clock_correction",) if table == "events" else ("mono", "clock_correction"):
            op.add_column(table, sa.Column(name, BIG, nullable=False, server_default=sa.text("0")))


def _indexes() -> None:
    op.create_index("ix_clips_file_id", "clips", ["file_id"])
