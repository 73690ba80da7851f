"""Databases that earlier releases wrote, with rows in them, brought to this release."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.postgres import PostgresServer
from fakes.stored import make_preset
from sqlalchemy import text
from sqlalchemy.engine import make_url

from presets_store.protocol.statuses import MediaStatus
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.storage import Database, open_database, postgresql, sqlite
from presets_store.storage.clips import list_clips
from presets_store.storage.devices import get_device, list_devices
from presets_store.storage.events import list_events
from presets_store.storage.keys import insert_key, list_keys
from presets_store.storage.media.files import get_file
from presets_store.storage.media.records import Place
from presets_store.storage.outbox import count_outbox
from presets_store.storage.people.users import list_users
from presets_store.storage.presets import insert_preset, list_presets
from presets_store.storage.records import ApiKey, ClipState, KeyStatus
from presets_store.storage.revision import CURRENT, Schema

FIRST = Schema(revisions=("0001",), scripts=CURRENT.scripts)

_TEXTS = """device_description recent_output camera_status last_ip_address tunnel_ip_address location audio_channel_name
    created_by modified_by"""
_NUMBERS = """device_type_id last_heard_from_date offline_notification_date software_date setup_status auto_send_files
    run_startup_event log_health run_analytics volume comment_list_id created"""


def _insert(table: str, **values: Any) -> str:
    written = ", ".join(str(value) if isinstance(value, bool | int) else f"'{value}'" for value in values.values())
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({written});"


def _first_release(secret: str) -> str:
    """Rows as the release with revision 0001 wrote them. `secret`: a literal of four bytes."""
    texts = dict.fromkeys(_TEXTS.split(), "")
    numbers = dict.fromkeys(_NUMBERS.split(), 0)
    device = _insert(
        "devices", key=3, guid="g", serial_number="10001234", device_name="Lobby", modified=5, is_archived=False,
        own=True, device_ready_event_preset_id=7, standalone_event_preset_id=8, **texts, **numbers,
    )  # fmt: skip
    camera = _insert(
        "cameras", key=1, device_key=3, camera_index=0, camera_id="usb-1", name="Left", address="", backend="v4l2",
        capabilities="{}", state="idle",
    )  # fmt: skip
    preset = _insert(
        "presets", key=7, device_key=3, uuid="p", event_preset_name="Stage", event_parameters="{}", result="",
        tag_string="", created_by="", modified_by="", device_group_id=0, agent_type_id=1, agent_id=0, event_type_id=1,
        process_id=0, priority=1, expiration_epoch=0, attempt_number=0, max_attempts=5, tag_number=0, created=1,
        modified=2, event_status=1, percent_complete=0,
    )  # fmt: skip
    event = _insert(
        "events", key=20, uuid="e", device_key=3, agent_type_id=1, event_type_id=1, event_status=4, created=1,
        modified=2, started=1, ended=2, event_parameters="{}", result="ok", tag_string="", upstream="", cause="api",
        holder="", checkout_token="", boot_id="b", clock_quality="synchronised", created_by="", modified_by="",
        server_event=0, agent_id=0, process_id=0, priority=1, expiration_epoch=0, attempt_number=1, max_attempts=1,
        tag_number=0, lease_until=0, percent_complete=100, late=False,
    )  # fmt: skip
    report = _insert(
        "outbox", key=2, event_key=20, event_uuid="e", destination="hub", kind="outcome", body="{}", last_error="",
        created=2, attempts=0, not_before=0,
    )  # fmt: skip
    clip = _insert(
        "clips", key=6, uuid="c", device_key=3, event_key=20, event_uuid="e", attempt=1, camera_id="front",
        segment_index=0, file="a-0.mp4", state="closed", video_clip_status=1, codec="h264", width=64, height=48,
        rate=10, bitrate=800, frames=10, dropped=0, size=100, sha256="ab", start=4, seconds=1, clock_quality="floor",
        boot_id="b", encoded=False, created=4,
    )  # fmt: skip
    keys = [
        f"INSERT INTO keys (access_key, description, status, sealed_secret, created) VALUES {values};"
        for values in (f"('b==', 'second', 'active', {secret}, 20)", f"('a==', 'first', 'revoked', {secret}, 10)")
    ]
    return " ".join([device, camera, preset, event, report, clip, *keys])


@pytest.fixture(params=["sqlite", "postgresql"])
async def first_release(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the first release, with rows."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        await sqlite.ensure_migrated(path, tmp_path / "backups", FIRST)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(_first_release("X'00ff6b21'"))
        return f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.database()
    name = str(make_url(url).database)
    engine = postgresql.make_async_engine(url)
    await postgresql.ensure_migrated(engine, name, FIRST)
    await engine.dispose()
    await asyncio.to_thread(server.sql, name, _first_release(r"'\x00ff6b21'"))
    return url


async def check(database: Database) -> None:
    (device,) = await database.read(list_devices)
    assert (device.key, device.serial_number, device.own, device.modified) == (3, "10001234", True, 5)
    assert (device.device_ready_event_preset_id, device.standalone_event_preset_id) == (7, 8)
    assert (device.ready_boot_id, device.standalone_boot_id) == ("", "")
    assert await database.read(lambda c: get_device(c, 3)) == device
    assert [preset.key for preset in await database.read(list_presets)] == [7]
    assert [event.result for event in await database.read(list_events)] == ["ok"]
    assert await database.read(lambda c: count_outbox(c, "hub")) == 1
    cameras = "SELECT count(*) FROM cameras WHERE device_key = 3"
    assert await database.read(lambda c: c.execute(text(cameras)).scalar()) == 1
    (clip,) = await database.read(list_clips)
    assert (clip.key, clip.state, clip.size) == (6, ClipState.CLOSED, 100)
    assert (clip.protected, clip.thumbnail, clip.chain_number, clip.chain_link) == (False, "", 0, "")
    file = await database.read(lambda c: get_file(c, clip.file_id))
    assert file is not None
    assert (file.device_key, file.place, file.path, file.size, file.sha256) == (3, Place.MEDIA, "a-0.mp4", 100, "ab")
    assert (file.status, file.expires, file.temporary) == (MediaStatus.FILE_AVAILABLE, 0, False)
    # Keys of before had every right: they belong to an administrator now.
    (owner,) = await database.read(list_users)
    assert (owner.name, owner.role, owner.scope, owner.created) == ("owner", Role.ADMIN, ScopeKind.ALL, 10)
    mine: dict[str, Any] = {"user_key": owner.key, "sealed_secret": b"\x00\xffk!"}
    second = ApiKey(key=2, access_key="b==", description="second", **mine, created=20)
    first = replace(second, key=1, access_key="a==", description="first", status=KeyStatus.REVOKED, created=10)
    assert await database.read(list_keys) == [first, second]


async def test_a_database_of_the_first_release(first_release: str) -> None:
    database = await open_database(first_release)
    try:
        await check(database)
        added = await database.write(lambda c: insert_key(c, ApiKey(access_key="c==", sealed_secret=b"s")))
        assert added.key == 3
        if database.dialect == "sqlite":  # psql gave the keys by hand, past the server's count
            preset = await database.write(lambda c: insert_preset(c, make_preset(3)))
            assert preset.key == 8
    finally:
        await database.close()
    again = await open_database(first_release)
    assert len(await again.read(list_keys)) == 3
    await again.close()


@pytest.mark.parametrize("first_release", ["sqlite"], indirect=True)
async def test_a_backup_of_the_first_release_can_be_put_back(first_release: str, tmp_path: Path) -> None:
    await (await open_database(first_release)).close()
    restored = await open_database(f"sqlite:///{tmp_path / 'backups' / 'store-0001.db'}")
    await check(restored)
    await restored.close()
