"""When health is told, and in which words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.health.notable import CHANGE_WAITS, TOLD_EVERY, Notable, is_due, worth_telling
from agent.health.words import (
    NO_ISSUES,
    WEAK_BEFORE,
    WEAK_NOW,
    activity,
    cameras_text,
    link_words,
    saved_words,
    voltage_text,
)
from hardware.box.network import Wireless
from hardware.box.sysfs import Throttling
from hardware.box.wifi import SavedNetwork
from presets_store.clock import ClockQuality
from presets_store.protocol.event_types import find_event_type

WELL = Notable(cameras={"front": "open", "back": "closed"}, clock=ClockQuality.SYNCHRONISED)


@pytest.mark.parametrize(
    ("now", "worth"),
    [
        (WELL, False),
        (replace(WELL, cameras={"front": "closed", "back": "opening"}), False),
        (replace(WELL, cameras={"front": "stalled", "back": "closed"}), True),
        (replace(WELL, cameras={"front": "open", "back": "unavailable"}), True),
        (replace(WELL, clock=ClockQuality.FLOOR), True),
        (replace(WELL, throttling=Throttling(heat=True)), True),
        (replace(WELL, throttling=Throttling(voltage=False)), True),
    ],
)
def test_what_is_worth_telling_at_once(now: Notable, worth: bool) -> None:
    assert worth_telling(WELL, now) is worth
    assert worth_telling(now, WELL) is worth, "trouble that is over is worth as much"
    assert worth_telling(None, now)


@given(st.lists(st.tuples(st.floats(0.5, 20), st.booleans()), max_size=200))
def test_however_it_flickers_it_is_told_seldom_and_silence_does_not_last(looks: list[tuple[float, bool]]) -> None:
    now = told = 0.0
    pauses = []
    for seconds, changed in looks:
        now += seconds
        if is_due(now - told, changed=changed):
            pauses.append(now - told)
            told = now
        assert now - told < TOLD_EVERY
    assert all(pause >= CHANGE_WAITS for pause in pauses)


def test_what_the_cameras_do() -> None:
    def ids(*names: str) -> list[int]:
        return [find_event_type(name).id for name in names]

    assert activity([]) == activity(ids("Device_End_process", "Workflow_Event_preset_workflow")) == "Off"
    assert activity(ids("Video_Multiplex_start_RTMP", "Video_Start_recording")) == "Recording, RTMP"
    assert activity(ids("Image_Start_taking_photos", "Video_Start_SRT", "Video_Start_camera_multiplex")) == (
        "Multiplex, Streaming, Capture frames"
    )
    assert cameras_text([("main", "open", "")]) == "open"
    told = cameras_text([("main", "open", ""), ("back", "unavailable", "no device")])
    assert told == "main: open, back: unavailable (no device)"


def test_the_supply() -> None:
    weak, strong = Throttling(voltage=True), Throttling(voltage=False)
    assert voltage_text(Throttling(), weak_before=True) is None
    assert [voltage_text(each, weak_before=False) for each in (strong, weak)] == [NO_ISSUES, WEAK_NOW]
    assert voltage_text(strong, weak_before=True) == WEAK_BEFORE


def test_the_networks() -> None:
    link = Wireless(interface="wlan0", ssid="stage", bssid="02:00:00:00:00:01", frequency=5180, bitrate=0, strength=70)
    assert link_words(link) == {"ap_mac_address": "02:00:00:00:00:01", "ap_ssid": "stage", "freq": 5180}
    assert link_words(None) == {}
    saved = [
        SavedNetwork(
            ssid=name, alias="", security="wpa-psk", priority=3, autoconnect=True, active=False, ours=True, key=0
        )
        for name in ("stage", "bar")
    ]
    assert saved_words(saved) == {
        "saved_networks": {name: {"autoconnect": True, "priority": 3} for name in ("stage", "bar")},
        "network_count": 2,
    }
