"""The unmodified third-party client against a served store: no exception, no noise, and the values that were stored."""

import asyncio
import contextlib
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from actionstreamer.Config import WebServiceConfig
from actionstreamer.Model import Device, RecordingArgs
from actionstreamer.WebService import Device as DeviceCalls
from actionstreamer.WebService import Event as EventCalls
from actionstreamer.WebService import EventPreset as PresetCalls
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.clock import SystemClock
from presets_store.protocol.presets import StartupTarget
from presets_store.services.caller import INSIDE


class Client:
    """Calls the package's functions as its users do: from another thread, with its configuration first."""

    def __init__(self, store: ServedStore) -> None:
        self._config = WebServiceConfig(
            store.client.key.access_key, store.client.key.secret, base_url=f"{store.root}/", timeout=10
        )
        self.printed = ""

    async def __call__(self, function: Callable[..., Any], *arguments: Any, noise: str = "") -> Any:
        result, printed = await self._call(function, *arguments)
        assert result.code == 200, (result.code, result.description, printed)
        assert [line for line in printed.splitlines() if not (noise and line.startswith(noise))] == []
        return result

    async def refused(self, status: int, function: Callable[..., Any], *arguments: Any) -> str:
        """The text that the package hands to its user."""
        result, _ = await self._call(function, *arguments)
        assert result.code == status, (result.code, result.description)
        return str(result.description)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
        printed = io.StringIO()

        def call() -> Any:
            with contextlib.redirect_stdout(printed):
                return function(self._config, *arguments)

        return await asyncio.to_thread(call), printed.getvalue()

    def close(self) -> None:
        self._config.requests_session.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, SystemClock(trusted=True), long_poll_hold=3.0) as served:
        yield served


@pytest.fixture
async def client(store: ServedStore) -> AsyncIterator[Client]:
    client = Client(store)
    yield client
    client.close()


async def create_event(client: Client) -> int:
    result = await client(EventCalls.create_event, 0, SERIAL, "Video", "Video_Start_recording", 0, '{"fps": 30}', 1, 2)
    key: int = json.loads(result.description)["eventID"]
    return key


async def create_preset(client: Client, store: ServedStore) -> int:
    arguments = RecordingArgs(height=480, width=640, fps=25)
    made = await client(
        PresetCalls.create_event_preset, store.device, "Video_Start_recording", "Stage", "Video", arguments
    )
    key: int = made.event_preset.key
    return key


async def test_devices(client: Client, store: ServedStore) -> None:
    by_serial = (await client(DeviceCalls.get_device, SERIAL)).device
    assert (by_serial.key, by_serial.serial_number, by_serial.device_name) == (store.device, SERIAL, "Lobby")
    assert (await client(DeviceCalls.get_device, "Lobby")).device.key == store.device
    assert (await client(DeviceCalls.get_device_by_id, store.device)).device.serial_number == SERIAL
    wanted = Device(serial_number="S/N ü 7", device_name="Attic", device_description="new", volume=40)
    created = (await client(DeviceCalls.create_device, wanted)).device
    assert (created.serial_number, created.device_name, created.volume) == ("S/N ü 7", "Attic", 40)
    assert created.key > store.device
    ready = await client(DeviceCalls.device_ready, SERIAL, "Device", "1.0", 0, 77)
    assert json.loads(ready.description)["key"] == store.device


async def test_presets(client: Client, store: ServedStore) -> None:
    arguments = RecordingArgs(height=480, width=640, fps=25)
    preset = (
        await client(
            PresetCalls.create_event_preset, store.device, "Video_Start_recording", "Stage", "Video", arguments
        )
    ).event_preset
    assert (preset.event_preset_name, preset.device_id, preset.event_type_id) == ("Stage", store.device, 1)
    assert (preset.max_attempts, preset.agent_type_id) == (5, 1)
    assert json.loads(preset.event_parameters)["height"] == 480
    answer = await client(PresetCalls.run_event_preset, preset.key)
    (event,) = await store.services.events.pending(store.device)
    assert json.loads(answer.description) == {"EventID": event.key}
    assert event.event_parameters == preset.event_parameters
    stop = await client(PresetCalls.create_event_preset, store.device, "Video_Stop_recording", "Cut", "Video", None)
    assert stop.event_preset.event_parameters == "{}"


async def test_an_event_from_creation_to_its_end(client: Client, store: ServedStore) -> None:
    key = await create_event(client)
    shown = (await client(EventCalls.get_event, key, noise="Keyword args: {'eventID'")).event
    assert (shown.key, shown.event_status, shown.event_parameters, shown.max_attempts) == (key, 1, '{"fps": 30}', 2)

    (waiting,) = (await client(EventCalls.get_pending_event_list, SERIAL)).event_with_names_list
    assert (waiting.key, waiting.event_type, waiting.agent_type) == (key, "Video_Start_recording", "Video")
    assert (waiting.device_name, waiting.event_status_name) == ("Lobby", "Pending")

    taken = (await client(EventCalls.dequeue_event, SERIAL, "Video")).event
    assert (taken.key, taken.event_status, taken.device_id) == (key, 2, store.device)
    assert taken.checkout_token
    assert (await client(EventCalls.dequeue_event, SERIAL, "Video")).event is None
    assert (await client(EventCalls.get_pending_event_list, SERIAL)).event_with_names_list == []

    begun = await client(EventCalls.update_event, key, 3, "", 4321, "stage", 5)
    assert begun.description == ""
    await client(EventCalls.update_event_progress, key, SERIAL, 42.5)
    shown = (await client(EventCalls.get_event, key, noise="Keyword args: {'eventID'")).event
    assert (shown.event_status, shown.percent_complete, shown.attempt_number) == (3, 42.5, 1)
    assert (shown.tag_string, shown.tag_number) == ("stage", 5)

    await client(EventCalls.update_event_with_progress, key, 4, "ok", 4321, "", 0, 100)
    shown = (await client(EventCalls.get_event, key, noise="Keyword args: {'eventID'")).event
    assert (shown.event_status, shown.result, shown.percent_complete) == (4, "ok", 100)


async def test_long_poll_is_woken_and_ends_empty_in_time(client: Client) -> None:
    poll = asyncio.ensure_future(client(EventCalls.get_pending_event_list_long_poll, SERIAL))
    await asyncio.sleep(0.3)
    assert not poll.done()
    key = await create_event(client)
    created = time.monotonic()
    (event,) = (await poll).event_with_names_list
    assert time.monotonic() - created < 1
    assert event.key == key
    await client(EventCalls.dequeue_event, SERIAL, "Video")
    assert (await client(EventCalls.get_pending_event_list_long_poll, SERIAL)).event_with_names_list == []


async def test_a_device_is_changed_by_sending_it_back(client: Client, store: ServedStore) -> None:
    preset = await create_preset(client, store)
    await store.services.startup.bind(INSIDE, "online", preset, StartupTarget())
    device = (await client(DeviceCalls.get_device, SERIAL)).device
    device.device_name, device.volume, device.location = "Attic", 40, "under the roof"
    changed = await client(DeviceCalls.update_device, device)
    assert changed.description == ""
    again = (await client(DeviceCalls.get_device, SERIAL)).device
    assert (again.device_name, again.volume, again.location) == ("Attic", 40, "under the roof")
    assert again.to_dict() == device.to_dict()
    assert again.device_ready_event_preset_id == preset
    device.device_ready_event_preset_id = 0
    text = await client.refused(400, DeviceCalls.update_device, device)
    assert "deviceReadyEventPresetID" in text
    assert "/v1/eventpreset/startupevent/online/device/" in text


async def test_a_start_up_preset_fires_when_the_device_is_ready(client: Client, store: ServedStore) -> None:
    """The package's flag is inverted: what it calls an offline preset is bound as online."""
    preset = await create_preset(client, store)
    bound = await client(PresetCalls.set_startup_preset, preset, True)
    assert json.loads(bound.description) == {"EventID": 0}
    for _ in range(2):
        await client(DeviceCalls.device_ready, SERIAL, "Device", "1.0", 0, 77)
    (event,) = await store.services.events.pending(store.device)
    assert (event.preset_key, event.cause) == (preset, "startup:online")
    again = await client(PresetCalls.set_startup_preset, preset, True, store.device)
    assert json.loads(again.description) == {"EventID": 0}


async def test_the_word_offline_is_refused_with_the_two_right_ones(client: Client, store: ServedStore) -> None:
    preset = await create_preset(client, store)
    text = await client.refused(400, PresetCalls.set_startup_preset, preset)
    assert "'offline' is no start-up state" in text
    assert "online (" in text
    assert "standalone (" in text
    assert "device 4711" in await client.refused(400, PresetCalls.set_startup_preset, preset, True, 4711)
    assert (await store.services.devices.get(INSIDE, store.device)).device_ready_event_preset_id == 0


async def test_a_refusal_reaches_the_client_as_text(client: Client) -> None:
    text = await client.refused(404, EventCalls.create_event, 0, "nobody", "Video", "Video_Start_recording")
    assert "nobody" in text
    assert "cuelight preset list" in await client.refused(404, PresetCalls.run_event_preset, 4711)
