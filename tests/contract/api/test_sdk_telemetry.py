"""Health, log messages, notifications, settings and streams by the unmodified third-party client."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from actionstreamer.Config import LogConfig
from actionstreamer.Model import CreateStream
from actionstreamer.WebService import DeviceHealth, LogMessage, Notification, Setting, Stream
from fakes.principals import client_of
from fakes.sdk import SdkClient
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.clock import SystemClock
from presets_store.rules.permissions import Role, ScopeKind


@pytest.fixture
async def store(tmp_path: Path, database_url: str) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, SystemClock(trusted=True), url=database_url) as served:
        yield served


@pytest.fixture
async def sdk(store: ServedStore) -> AsyncIterator[SdkClient]:
    client = SdkClient(store.root, store.client.key)
    yield client
    client.close()


async def test_health_is_told_replaced_and_listed(store: ServedStore, sdk: SdkClient) -> None:
    now = datetime.now(UTC).timestamp()
    health = [{"time": {"datetime": (now - age) * 1000}, "battery": {"percent": 90 - age}} for age in (20, 10, 0)]
    first = (await sdk(DeviceHealth.create_health, SERIAL, json.dumps(health[0]))).value
    second = (await sdk(DeviceHealth.create_health, SERIAL, json.dumps(health[1]))).value
    assert (await sdk(DeviceHealth.update_health, SERIAL, json.dumps(health[2]))).value == second > first
    listing = DeviceHealth.get_device_health_list
    records = (await sdk(listing, store.device, int(now) - 3600, int(now) + 60)).device_health_list
    assert sdk.printed == ""
    assert [record.key for record in records] == [second, first]
    assert [json.loads(record.health_json) for record in records] == [health[2], health[0]]
    assert datetime.fromisoformat(records[0].health_date).timestamp() == pytest.approx(now, abs=0.001)
    (one,) = (await sdk(listing, store.device, 0, 0, 1, "asc")).device_health_list
    assert one.key == second
    assert (await sdk(listing, store.device, 1, 2)).device_health_list == []
    rows = (await sdk(DeviceHealth.get_device_health_row_list)).device_health_row_list
    assert [(row.serial_number, row.battery_percent) for row in rows] == [(SERIAL, 90)]
    assert "not JSON" in await sdk.refused(400, DeviceHealth.create_health, SERIAL, "well")
    assert "no device" in await sdk.refused(404, DeviceHealth.update_health, "nobody", "{}")


async def test_a_message_is_logged(store: ServedStore, sdk: SdkClient) -> None:
    config = LogConfig(sdk.config, SERIAL, "Video", "2.1", 3, 4711)
    told = await sdk.plain(LogMessage.create_log_message, config, "the lens is dirty", False)
    assert (told.code, sdk.printed) == (200, "")
    message = told.log_message
    assert (message.device_id, message.agent_id, message.process_id) == (store.device, 0, 4711)
    assert (message.version, message.message) == ("2.1", "the lens is dirty")
    assert datetime.fromisoformat(message.message_date).timestamp() == pytest.approx(store.clock.now(), abs=30)
    (listed,) = await store.client.json("POST", "/v1/logmessage/list", {})
    assert (listed["key"], listed["agentType"], listed["agentIndex"]) == (message.key, "Video", 3)


async def test_notifications_are_listed(store: ServedStore, sdk: SdkClient) -> None:
    listing = Notification.get_notification_list
    assert (await sdk(listing, 0)).notification_list == []
    for text, seen in (("a door is open", False), ("it rains", True)):
        answer = await store.client.call("POST", "/v1/notification", {"message": text, "seenInApp": seen})
        assert (answer.status, answer.body) == (200, b"")
    (unseen,) = (await sdk(listing, int(store.clock.now()) - 60)).notification_list
    assert sdk.printed == ""
    assert (unseen.message, unseen.seen_in_app, unseen.is_archived) == ("a door is open", False, False)
    (seen_one,) = (await sdk(listing, 0, True)).notification_list
    assert seen_one.message == "it rains"
    assert (await sdk(listing, int(store.clock.now()) + 60)).notification_list == []


async def test_settings_are_written_and_read(store: ServedStore, sdk: SdkClient) -> None:
    written = await sdk(Setting.update_device_setting, store.device, "site", "north gate")
    assert written.description == ""
    read = json.loads((await sdk(Setting.get_device_setting, store.device, "site")).description)
    assert (read["deviceID"], read["settingName"], read["settingValue"]) == (store.device, "site", "north gate")
    assert "no setting 'nothing'" in await sdk.refused(404, Setting.get_device_setting, store.device, "nothing")
    assert (await store.client.call("PUT", "/v1/usersetting", {"name": "theme", "value": "dark"})).status == 200
    own = json.loads((await sdk(Setting.get_user_setting, "theme")).description)
    assert (own["settingName"], own["settingValue"]) == ("theme", "dark")


async def test_a_stream_is_told_of_and_removed(store: ServedStore, sdk: SdkClient) -> None:
    wanted = CreateStream(store.device, "SRT", 7, "Gate", "gate", "by day", "srt://h:8890?streamid=publish:gate",
                          "https://h/webrtc/gate", "Video_Start_SRT")  # fmt: skip
    stream = (await sdk(Stream.create_stream, SERIAL, wanted)).stream
    assert sdk.printed == ""
    assert (stream.stream_type_id, stream.event_id, stream.stream_path) == (7, 7, "gate")
    assert (stream.publish_url, stream.read_url) == (wanted.publish_url, wanted.read_url)
    assert stream.action_type_id > 0
    own = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    device = SdkClient(store.root, own.key)
    assert (await device(Stream.delete_stream, stream.key)).description == ""
    device.close()
    assert "no stream" in await sdk.refused(404, Stream.delete_stream, stream.key)
