"""What the device does and how its parts are, in the contract's words for health (events-api.md section 8). Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hardware.box.network import Wireless
from hardware.box.sysfs import Throttling
from hardware.box.wifi import SavedNetwork
from presets_store.protocol.event_types import find_event_type

OFF: Final = "Off"
_ACTIVITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "Multiplex": ("Video_Start_camera_multiplex",),
    "Recording": ("Video_Start_recording", "Video_Multiplex_start_recording"),
    "RTMP": ("Video_Start_RTMP", "Video_Multiplex_start_RTMP"),
    "Conference": ("Video_Join_conference", "Video_Multiplex_join_conference"),
    "Streaming": ("Video_Start_SRT", "Video_Start_send_UDP_video"),
    "Capture frames": ("Image_Start_taking_photos", "Video_Multiplex_capture_frames"),
}
"""By the word, in the contract's order: the event types of which one runs."""
_WORDS: Final = {find_event_type(name).id: word for word, names in _ACTIVITIES.items() for name in names}

MOST_NETWORKS: Final = 64

NO_ISSUES: Final = "No issues detected."
WEAK_NOW: Final = "Under-voltage: the supply is too weak now."
WEAK_BEFORE: Final = "Under-voltage has occurred since the agent started; the supply is strong enough now."


def activity(event_type_ids: Iterable[int]) -> str:
    """What the cameras do while events of these types run: the words joined by commas, or `Off`."""
    running = {_WORDS.get(number) for number in event_type_ids}
    return ", ".join(word for word in _ACTIVITIES if word in running) or OFF


def cameras_text(states: Iterable[tuple[str, str, str]]) -> str:
    """Of cameras, each with id, state and reason: `open`; of several `front: open, back: unavailable (no device)`."""
    told = [(name, f"{state} ({reason})" if reason else state) for name, state, reason in states]
    return told[0][1] if len(told) == 1 else ", ".join(f"{name}: {text}" for name, text in told)


def voltage_text(now: Throttling, *, weak_before: bool) -> str | None:
    """None where no sensor tells. `weak_before`: whether it was too weak at some reading before."""
    if now.voltage is None:
        return None
    return WEAK_NOW if now.voltage else WEAK_BEFORE if weak_before else NO_ISSUES


def link_words(link: Wireless | None) -> dict[str, Any]:
    """Members of `radio.wi`; without those that are not told."""
    if link is None:
        return {}
    said = {
        "ap_mac_address": link.bssid,
        "ap_ssid": link.ssid,
        "freq": link.frequency,
        "tx_bitrate_mbps": link.bitrate,
    }
    return {name: value for name, value in said.items() if value}


def saved_words(saved: Iterable[SavedNetwork]) -> dict[str, Any]:
    """`network_names`: the saved wireless networks, the preferred ones first, at most MOST_NETWORKS."""
    told = list(saved)
    names = {
        network.ssid: {"autoconnect": network.autoconnect, "priority": network.priority}
        for network in told[:MOST_NETWORKS]
    }
    return {"saved_networks": names, "network_count": len(told)}
