"""Scripts: what they look at, what they decided, and what is to be told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _scripts()
    _script_events()
    _analytic_cases()
    _triggers()
    _trigger_images()
    _script_decisions()
    _script_counters()
    _script_firings()
    _channels()
    _deliveries()
    _deliveries_found()


def _scripts() -> None:
    op.create_table(
        "scripts",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("reaction", sa.Text, nullable=False),
        sa.Column("users", sa.Text, nullable=False),
        sa.Column("cameras", sa.Text, nullable=False),
        sa.Column("working_time", sa.Text, nullable=False),
        sa.Column("extra", sa.Text, nullable=False),
        sa.Column("sealed_extra", sa.Text, nullable=False),
        sa.Column("cooldown_seconds", BIG, nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("remote_id", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("modified", BIG, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("modified_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_scripts"),
        sa.UniqueConstraint("uuid", name="uq_scripts_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_scripts_event_name", "scripts", ["event_name"])


def _script_events() -> None:
    op.create_table(
        "script_events",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("color", sa.Text, nullable=False),
        sa.Column("analytic_type", sa.Text, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_script_events"),
        sa.UniqueConstraint("name", name="uq_script_events_name"),
        sqlite_autoincrement=True,
    )


def _analytic_cases() -> None:
    op.create_table(
        "analytic_cases",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("device_key", BIG, nullable=False),
        sa.Column("camera_key", BIG, nullable=False),
        sa.Column("analytic_type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("zones", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("remote_id", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("modified", BIG, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("modified_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_analytic_cases"),
        sa.ForeignKeyConstraint(
            ["device_key"], ["devices.key"], name="fk_analytic_cases_device_key", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["camera_key"], ["cameras.key"], name="fk_analytic_cases_camera_key", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("uuid", name="uq_analytic_cases_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_analytic_cases_camera_key", "analytic_cases", ["camera_key"])
    op.create_index("ix_analytic_cases_device_key", "analytic_cases", ["device_key"])


def _triggers() -> None:
    op.create_table(
        "triggers",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("device_key", BIG, nullable=False),
        sa.Column("camera_key", BIG, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("occurred", BIG, nullable=False),
        sa.Column("received", BIG, nullable=False),
        sa.Column("clock_quality", sa.Text, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("image", sa.Boolean, nullable=False),
        sa.Column("fired", BIG, nullable=False),
        sa.Column("told", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_triggers"),
        sa.UniqueConstraint("uuid", name="uq_triggers_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_triggers_untold",
        "triggers",
        ["key"],
        sqlite_where=sa.text("fired > 0 AND told = 0"),
        postgresql_where=sa.text("fired > 0 AND told = 0"),
    )
    op.create_index(
        "uq_triggers_source_external_id",
        "triggers",
        ["source", "external_id"],
        unique=True,
        sqlite_where=sa.text("external_id <> ''"),
        postgresql_where=sa.text("external_id <> ''"),
    )


def _trigger_images() -> None:
    op.create_table(
        "trigger_images",
        sa.Column("trigger_key", BIG, autoincrement=False, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("trigger_key", name="pk_trigger_images"),
        sa.ForeignKeyConstraint(
            ["trigger_key"], ["triggers.key"], name="fk_trigger_images_trigger_key", ondelete="CASCADE"
        ),
    )


def _script_decisions() -> None:
    op.create_table(
        "script_decisions",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("script_uuid", sa.Text, nullable=False),
        sa.Column("trigger_uuid", sa.Text, nullable=False),
        sa.Column("camera_key", BIG, nullable=False),
        sa.Column("decided", BIG, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("event_key", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_script_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_script_decisions_script_uuid_key", "script_decisions", ["script_uuid", "key"])
    op.create_index("ix_script_decisions_trigger_uuid", "script_decisions", ["trigger_uuid"])


def _script_counters() -> None:
    op.create_table(
        "script_counters",
        sa.Column("script_uuid", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.PrimaryKeyConstraint("script_uuid", "reason", name="pk_script_counters"),
    )


def _script_firings() -> None:
    op.create_table(
        "script_firings",
        sa.Column("script_uuid", sa.Text, nullable=False),
        sa.Column("camera_key", BIG, autoincrement=False, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.PrimaryKeyConstraint("script_uuid", "camera_key", name="pk_script_firings"),
    )


def _channels() -> None:
    op.create_table(
        "channels",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("user_key", BIG, nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sealed_url", sa.Text, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("device_may_send", sa.Boolean, nullable=False),
        sa.Column("quiet", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.Column("remote_id", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("modified", BIG, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("modified_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_channels"),
        sa.UniqueConstraint("uuid", name="uq_channels_uuid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_channels_user_key", "channels", ["user_key"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        sa.Column("uuid", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("script_uuid", sa.Text, nullable=False),
        sa.Column("trigger_uuid", sa.Text, nullable=False),
        sa.Column("user_key", BIG, nullable=False),
        sa.Column("channel_uuid", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("more", BIG, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("next_try", BIG, nullable=False),
        sa.Column("lease", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("sent", BIG, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_deliveries"),
        sa.UniqueConstraint("uuid", name="uq_deliveries_uuid"),
        sqlite_autoincrement=True,
    )


def _deliveries_found() -> None:
    open_ones = sa.text("status = 'waiting' OR status = 'held'")
    of_triggers = sa.text("trigger_uuid <> ''")
    for name, columns in (
        ("ix_deliveries_due", ["next_try"]),
        ("ix_deliveries_place", ["channel_uuid", "script_uuid", "user_key"]),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=open_ones, postgresql_where=open_ones)
    place = ["script_uuid", "user_key", "channel_uuid"]
    op.create_index("ix_deliveries_script_uuid_user_key_channel_uuid_sent", "deliveries", [*place, "sent"])
    op.create_index(
        "uq_deliveries_trigger",
        "deliveries",
        ["trigger_uuid", *place],
        unique=True,
        sqlite_where=of_triggers,
        postgresql_where=of_triggers,
    )
