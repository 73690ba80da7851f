"""The unmodified client takes our records without printing unknown members."""

from typing import Any

import pytest
from actionstreamer.Model import Device, Event, EventPreset, EventWithNames, VideoClip

from presets_store.protocol.base import WireModel
from presets_store.protocol.clips import VideoClipRecord
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.events import EventRecord
from presets_store.protocol.events import EventWithNames as EventWithNamesRecord
from presets_store.protocol.presets import EventPresetRecord


@pytest.mark.parametrize(
    ("record", "client_model"),
    [
        (EventRecord(key=4, creation_date=1_700_000_000_000_000), Event),
        (EventWithNamesRecord(key=4, device_name="d"), EventWithNames),
        (EventPresetRecord(key=4), EventPreset),
        (DeviceRecord(key=4), Device),
        (VideoClipRecord(key=4), VideoClip),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_client_knows_every_member(record: WireModel, client_model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    loaded = client_model(**record.dump())
    assert loaded.key == 4
    assert capsys.readouterr().out == ""
