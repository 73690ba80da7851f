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


class Client:
    """Calls the package's functions as its users do: from another thread, with its configuration first."""

    def __init__(self, store: ServedStore) -> None:
        self._config = WebServiceConfig(
            store.client.key.access_key, store.client.key.secret, base_url=f"{store.root}/", timeout=10
        )
        self.printed = ""

    async def __call__(self, function: Callable[..., Any], *arguments: Any, noise: str = "") -> Any:
        printed = io.StringIO()

        def call() -> Any:
            with contextlib.redirect_stdout(printed):
                return function(self._config, *arguments)

        result = await asyncio.to_thread(call)
        assert result.code == 200, (result.code, result.description, printed.getvalue())
        lines = [line for line in printed.getvalue().splitlines() if not (noise and line.startswith(noise))]
        assert lines == []
        return result

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


async def test_a_refusal_reaches_the_client_as_text(client: Client, store: ServedStore) -> None:
    result = await asyncio.to_thread(
        EventCalls.create_event, client._config, 0, "nobody", "Video", "Video_Start_recording"
    )
    assert result.code == 404
    assert "nobody" in result.description
