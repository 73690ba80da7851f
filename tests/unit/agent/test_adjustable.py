"""Device_Update_setting: what may be changed by an event, kept in a real sealed cache."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.served_store import SEALER, ServedStore

from agent.adjustable import AdjustableSettings, grace_seconds
from agent.errors import UnknownSetting
from agent.running import Result
from agent.startup.sealed import SealedState
from presets_store.errors import CuelightError
from presets_store.protocol.presets import CreateEventPreset
from presets_store.protocol.startup import STANDALONE_SETTING
from presets_store.services.caller import INSIDE

PRESET: dict[str, Any] = {
    "key": 7, "uuid": "u", "eventPresetName": "Night", "eventTypeID": 1, "eventParameters": '{"durationSeconds": 5}',
    "revision": 20,
}  # fmt: skip


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[SealedState]:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    yield state
    await state.close()


@pytest.fixture
def settings(store: ServedStore, sealed: SealedState) -> AdjustableSettings:
    return AdjustableSettings(sealed, store.services.startup, store.device)


@pytest.fixture
def root_level() -> Iterator[None]:
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


async def bind(settings: AdjustableSettings, value: object, *, foreign: bool = False) -> Result:
    text = value if isinstance(value, str) else json.dumps(value)
    return await settings.change(STANDALONE_SETTING, text, foreign=foreign)


async def test_a_whole_preset_is_sealed_and_outlasts_the_agent(store: ServedStore, tmp_path: Path) -> None:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    settings = AdjustableSettings(state, store.services.startup, store.device)
    assert await bind(settings, PRESET) == {
        "setting": STANDALONE_SETTING, "preset": "Night", "presetID": 7, "revision": 20
    }  # fmt: skip
    await state.close()
    again, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    kept = again.standalone()
    await again.close()
    assert kept is not None
    assert (kept.event_type_id, kept.event_parameters, kept.revision) == (1, '{"durationSeconds": 5}', 20)


async def test_an_empty_value_clears_it(settings: AdjustableSettings, sealed: SealedState) -> None:
    await bind(settings, PRESET)
    await bind(settings, "")
    assert sealed.standalone() is None


async def test_an_older_state_of_the_same_preset_does_not_replace_a_newer_one(
    settings: AdjustableSettings, sealed: SealedState
) -> None:
    await bind(settings, PRESET)
    late = await bind(settings, PRESET | {"revision": 19, "eventPresetName": "Old"})
    assert "newer" in late["note"]
    kept = sealed.standalone()
    assert kept is not None
    assert kept.event_preset_name == "Night"
    await bind(settings, PRESET | {"key": 8, "uuid": "v", "revision": 1})
    kept = sealed.standalone()
    assert kept is not None
    assert kept.key == 8, "another preset is another binding, whatever its revision"


async def test_words_that_come_together_hold_in_their_order(settings: AdjustableSettings, sealed: SealedState) -> None:
    await asyncio.gather(*(bind(settings, PRESET | {"key": key, "uuid": str(key)}) for key in (1, 2, 3)))
    kept = sealed.standalone()
    assert kept is not None
    assert kept.key == 3


async def test_the_number_of_a_preset_is_looked_up_with_its_members(
    store: ServedStore, settings: AdjustableSettings, sealed: SealedState
) -> None:
    body = {"eventPresetName": "member", "deviceID": store.device, "eventType": "Video_Test_event"}
    member = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    steps = json.dumps([{"deviceID": store.device, "eventPresetID": member}])
    body = {**body, "eventType": "Workflow_Event_preset_workflow", "eventParameters": steps}
    key = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    await bind(settings, str(key))
    kept = sealed.standalone()
    assert kept is not None
    assert json.loads(kept.event_parameters)[0]["preset"]["eventPresetName"] == "member"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("the night one", "the ID of a preset"),
        ("[1]", "the ID of a preset"),
        ("true", "the ID of a preset"),
        ("4711", "no event preset 4711"),
        ({"eventPresetName": "no type"}, "eventTypeID"),
        (PRESET | {"eventTypeID": 99}, "no event type"),
        (PRESET | {"eventParameters": '{"width": "wide"}'}, "width"),
        (PRESET | {"deviceID": 4711}, "deviceID 1, which is this, or 0"),
        (PRESET | {"eventTypeID": 33, "eventParameters": '[{"deviceID": 1, "eventPresetID": 2}]'}, "step 1"),
        (
            PRESET
            | {
                "eventTypeID": 33,
                "eventParameters": json.dumps([{"deviceID": 1, "eventPresetID": 2, "preset": {"eventTypeID": 33}}]),
            },
            "workflow",
        ),
    ],
)
async def test_what_is_no_preset_of_this_device_is_refused_and_changes_nothing(
    settings: AdjustableSettings, sealed: SealedState, value: object, told: str
) -> None:
    await bind(settings, PRESET)
    with pytest.raises(CuelightError, match=told):
        await bind(settings, value)
    kept = sealed.standalone()
    assert kept is not None
    assert kept.key == 7


async def test_numbers_of_another_store_mean_nothing_here(settings: AdjustableSettings, sealed: SealedState) -> None:
    with pytest.raises(UnknownSetting, match="another store"):
        await bind(settings, "1", foreign=True)
    await bind(settings, PRESET | {"deviceID": 4711}, foreign=True)
    kept = sealed.standalone()
    assert kept is not None
    assert kept.device_id == 4711


@pytest.mark.parametrize("name", ["upstream.url", "UPSTREAM", "state_folder", "Log_Level", "seal_key"])
async def test_nothing_else_can_be_changed(settings: AdjustableSettings, name: str) -> None:
    with pytest.raises(UnknownSetting, match="standalone_startup_preset, log_level or startup_grace") as refused:
        await settings.change(name, "x", foreign=False)
    assert refused.value.code == "unknown_setting"


@pytest.mark.usefixtures("root_level")
async def test_the_log_level_holds_at_once_and_after_the_next_start(
    store: ServedStore, settings: AdjustableSettings, sealed: SealedState
) -> None:
    root = logging.getLogger()
    configured = root.level
    await settings.change("log_level", "debug", foreign=False)
    assert root.level == logging.DEBUG
    root.setLevel(configured)
    AdjustableSettings(sealed, store.services.startup, store.device).apply_kept()
    assert root.level == logging.DEBUG
    await settings.change("log_level", "", foreign=False)
    assert (root.level, sealed.setting("log_level")) == (configured, None)
    with pytest.raises(UnknownSetting, match="DEBUG, INFO, WARNING or ERROR"):
        await settings.change("log_level", "loud", foreign=False)


async def test_the_grace_is_kept_for_the_next_start(settings: AdjustableSettings, sealed: SealedState) -> None:
    await settings.change("startup_grace", " 2.5 ", foreign=False)
    assert grace_seconds(sealed.setting("startup_grace") or "") == 2.5
    for wrong in ("121", "-1", "nan", "soon"):
        with pytest.raises(UnknownSetting, match="0 to 120"):
            await settings.change("startup_grace", wrong, foreign=False)
    assert sealed.setting("startup_grace") == "2.5"


async def test_what_an_event_sets_or_clears_without_a_binding_is_bound_or_unbound(
    store: ServedStore, settings: AdjustableSettings
) -> None:
    body = CreateEventPreset(event_preset_name="Stage", device_id=store.device, event_type="Video_Test_event")
    key = (await store.services.presets.create(INSIDE, body)).key
    await bind(settings, str(key))
    assert (await store.services.devices.get(INSIDE, store.device)).standalone_event_preset_id == key
    await settings.change(STANDALONE_SETTING, "", foreign=False, bound=True)
    assert (await store.services.devices.get(INSIDE, store.device)).standalone_event_preset_id == key, (
        "the binding's own word"
    )
    await bind(settings, "")
    assert (await store.services.devices.get(INSIDE, store.device)).standalone_event_preset_id == 0
