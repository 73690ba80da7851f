"""A fleet: users, sessions, enrolment, groups, agents, health, logs, settings, streams, files, images, sound, tags."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _people()
    _fleet()
    _media()
    _events()
    _clips()
    _uploads()


def _people() -> None:
    _table("users", _text("name", "email", "password_hash", "role", "scope"), _number("scope_key"), _text("status"),
           _number("created", "modified"), _text("created_by", "modified_by"), unique=[["name"]])  # fmt: skip
    _table("sessions", _text("token_hash"), _reference("user_key", "users.key"),
           _text("browser_guid"), _number("created", "expires", "last_seen"),
           unique=[["token_hash"]], indexes=[["user_key"], ["expires"]])  # fmt: skip
    _table("enrolments", _text("token_hash", "description"),
           _number("group_key", "device_key", "created", "expires", "used"), _text("created_by"),
           unique=[["token_hash"]])  # fmt: skip
    with op.batch_alter_table("keys", recreate="auto", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("user_key", BIG, nullable=True))
        batch.create_foreign_key("fk_keys_user_key", "users", ["user_key"], ["key"])
    op.create_index("ix_keys_user_key", "keys", ["user_key"])
    _give_keys_to_an_owner()


def _give_keys_to_an_owner() -> None:
    """Keys of before had every right: they are those of an administrator now."""
    connection = op.get_bind()
    keys = sa.table("keys", sa.column("key"), sa.column("user_key"), sa.column("created"))
    first = connection.execute(sa.select(sa.func.min(keys.c.created))).scalar()
    if first is None:
        return
    given = {"name": "owner", "role": "admin", "scope": "all", "status": "active", "created": first, "modified": first}
    empty = dict.fromkeys(("email", "password_hash", "created_by", "modified_by"), "")
    users = sa.table("users", sa.column("key"), *map(sa.column, (*given, *empty, "scope_key")))
    connection.execute(users.insert().values(**given, **empty, scope_key=0))
    owner = connection.execute(sa.select(users.c.key)).scalar_one()
    connection.execute(keys.update().values(user_key=owner))


def _fleet() -> None:
    _table("device_groups", _text("name", "description"), _number("created", "modified"),
           _text("created_by", "modified_by"), unique=[["name"]])  # fmt: skip
    _table("group_members", _reference("group_key", "device_groups.key"), _device(), _number("created"),
           unique=[["group_key", "device_key"]], indexes=[["device_key"]])  # fmt: skip
    _table("agents", _device(), _number("agent_type_id", "agent_index", "current_event_id", "process_id"),
           _text("version", "agent_name", "agent_description", "recent_output"),
           _number("last_heard_from_date", "created"),
           unique=[["device_key", "agent_type_id", "agent_index"]])  # fmt: skip
    _table("device_health", _device(), _number("health_date"), _text("health_json"), _number("created"),
           indexes=[["device_key", "health_date", "key"]])  # fmt: skip
    _table("log_messages", _device(), _number("agent_key", "agent_type_id", "agent_index", "process_id"),
           _text("version", "message"), _number("message_date", "created"),
           indexes=[["device_key", "message_date", "key"], ["message_date", "key"]])  # fmt: skip
    _table("notifications", _text("guid"), _number("user_key", "device_key", "notification_status_id"),
           _text("message"), _flag("seen_in_app"), _number("seen_date"), _flag("sent_as_email"),
           _number("sent_as_email_date"), _flag("is_archived"), _number("created"),
           unique=[["guid"]], indexes=[["user_key", "created"], ["created"]])  # fmt: skip
    _table("device_settings", _device(), _text("name", "value"), _number("created", "modified"),
           unique=[["device_key", "name"]])  # fmt: skip
    _table("user_settings", _reference("user_key", "users.key"), _text("name", "value"),
           _number("created", "modified"), unique=[["user_key", "name"]])  # fmt: skip
    _table("streams", _device(), _number("stream_type_id", "event_key"),
           _text("stream_name", "stream_path", "stream_description", "publish_url", "read_url"),
           _number("last_activity_date", "action_type_id", "created"),
           indexes=[["device_key", "last_activity_date"], ["stream_path"]])  # fmt: skip
    op.create_index("ix_presets_device_group_id", "presets", ["device_group_id"])


def _media() -> None:
    _table("files", _text("guid"), _device(), _text("filename", "sha256"), _number("size"), _text("place", "path"),
           _small("status"), _flag("temporary"), _number("uploaded", "expires", "created"),
           unique=[["guid"]], indexes=[["device_key", "key"], ["expires"]])  # fmt: skip
    _table("images", _device(), _number("file_id"), _small("image_status"), _number("image_type_id"),
           _text("local_file_path"), _number("height", "width", "size", "start"), _text("event_uuid"),
           _number("created"), indexes=[["device_key", "start"], ["file_id"]])  # fmt: skip
    _table("audio_clips", _device(), _number("file_id"), _small("audio_clip_status"), _number("audio_clip_type_id"),
           _text("audio_clip_parameters", "local_file_path"), _number("size", "bitrate", "start"), _real("seconds"),
           _number("created"), indexes=[["device_key", "start"], ["file_id"]])  # fmt: skip
    _table("tags", _text("name", "folded"), _number("created"), unique=[["folded"]])
    op.create_table(
        "tag_links",
        sa.Column("item_type_id", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("item_key", BIG, nullable=False, autoincrement=False),
        sa.Column("tag_key", BIG, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("item_type_id", "item_key", "tag_key", name="pk_tag_links"),
        sa.ForeignKeyConstraint(["tag_key"], ["tags.key"], name="fk_tag_links_tag_key", ondelete="CASCADE"),
    )
    op.create_index("ix_tag_links_tag_key_item_type_id_item_key", "tag_links", ["tag_key", "item_type_id", "item_key"])


def _events() -> None:
    grouped = sa.text("group_run_id IS NOT NULL")
    op.create_index(
        "ix_events_group_run_id", "events", ["group_run_id"], sqlite_where=grouped, postgresql_where=grouped
    )
    ended = sa.text("ended > 0")
    op.create_index("ix_events_ended", "events", ["ended"], sqlite_where=ended, postgresql_where=ended)
    op.create_table(
        "archived_events",
        sa.Column("key", BIG, nullable=False, autoincrement=False),
        *_text("uuid"),
        *_number("device_key"),
        *_text("upstream"),
        sa.Column("remote_id", BIG, nullable=True),
        *_number("created", "ended"),
        *_text("record"),
        sa.PrimaryKeyConstraint("key", name="pk_archived_events"),
        sa.UniqueConstraint("uuid", name="uq_archived_events_uuid"),
        sa.UniqueConstraint("upstream", "remote_id", name="uq_archived_events_upstream_remote_id"),
    )
    op.create_index("ix_archived_events_ended", "archived_events", ["ended"])
    # A crash of the server empties an unlogged table; all that is lost is which reads were made just before.
    op.create_table(
        "read_nonces",
        *_text("access_key", "nonce"),
        *_number("expires"),
        sa.PrimaryKeyConstraint("access_key", "nonce", name="pk_read_nonces"),
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
    op.create_index("ix_read_nonces_expires", "read_nonces", ["expires"])


def _clips() -> None:
    named = sa.text("file <> ''")
    with op.batch_alter_table("clips", recreate="auto", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint("uq_clips_file", type_="unique")
        batch.add_column(sa.Column("file_id", BIG, nullable=False, server_default=sa.text("0")))
        batch.add_column(sa.Column("ts_file_id", BIG, nullable=False, server_default=sa.text("0")))
        batch.add_column(sa.Column("video_clip_type_id", BIG, nullable=False, server_default=sa.text("1")))
        batch.add_column(sa.Column("video_clip_parameters", sa.Text, nullable=False, server_default=sa.text("''")))
        batch.add_column(sa.Column("audio_status", BIG, nullable=False, server_default=sa.text("0")))
    op.create_index(
        "uq_clips_device_key_file", "clips", ["device_key", "file"], unique=True,
        sqlite_where=named, postgresql_where=named,
    )  # fmt: skip
    _give_recordings_a_file()


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("clip_key", BIG, nullable=False, autoincrement=False),
        *_text("upstream"),
        *_number("remote_clip_id", "remote_file_id"),
        sa.PrimaryKeyConstraint("clip_key", "upstream", name="pk_uploads"),
        sa.ForeignKeyConstraint(["clip_key"], ["clips.key"], name="fk_uploads_clip_key", ondelete="CASCADE"),
    )


def _give_recordings_a_file() -> None:
    """Clips of before were all recorded here, and can be fetched like any file now."""
    op.execute(
        "INSERT INTO files "
        "(guid, device_key, filename, sha256, size, place, path, status, temporary, uploaded, expires, created) "
        "SELECT uuid, device_key, file, sha256, size, 'media', file, 4, false, created, 0, created "
        "FROM clips WHERE state IN ('closed', 'recovered')"
    )
    op.execute("UPDATE clips SET file_id = COALESCE((SELECT key FROM files WHERE guid = clips.uuid), 0)")


def _table(
    name: str,
    *groups: list[sa.Column[Any]],
    unique: Sequence[list[str]] = (),
    indexes: Sequence[list[str]] = (),
) -> None:
    """A table with an integer key that is never given out twice, and the names that our convention gives."""
    columns = [column for group in groups for column in group]
    op.create_table(
        name,
        sa.Column("key", BIG, autoincrement=True, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("key", name=f"pk_{name}"),
        *(
            sa.ForeignKeyConstraint(
                [column.name], [column.info["to"]], name=f"fk_{name}_{column.name}", ondelete="CASCADE"
            )
            for column in columns
            if "to" in column.info
        ),
        *(sa.UniqueConstraint(*names, name=f"uq_{name}_{'_'.join(names)}") for names in unique),
        sqlite_autoincrement=True,
    )
    for names in indexes:
        op.create_index(f"ix_{name}_{'_'.join(names)}", name, names)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _number(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, BIG, nullable=False) for name in names]


def _small(name: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.SmallInteger, nullable=False)]


def _real(name: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Float, nullable=False)]


def _flag(name: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean, nullable=False)]


def _reference(name: str, to: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, BIG, nullable=False, info={"to": to})]


def _device() -> list[sa.Column[Any]]:
    return _reference("device_key", "devices.key")
