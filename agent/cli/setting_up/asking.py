"""The questions of `cuelight setup` at a terminal. An empty answer keeps what is, `-` clears it."""

import getpass
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic import SecretStr

from agent.cli.cameras.described import best_formats
from agent.cli.cameras.finding import NONE_FOUND, found_cameras
from agent.cli.errors import CamerasNotFound, Declined
from agent.cli.output import Record
from agent.cli.setting_up.planning import camera_told
from agent.cli.setting_up.wanted import AUTO, Wanted, camera_of, wanted_of
from agent.cli.text import clean
from agent.settings import Settings
from agent.setup.errors import SetupInvalid
from agent.setup.layers import Layer, says
from presets_store.local_zone import local_zone

ANSWERS: Final = "the answers"
_CLEAR: Final = "-"
_RPICAM: Final = ("rpicam-vid", "libcamera-vid")

Check = Callable[[str], object]
"""Raises SetupInvalid, ValueError for an answer that cannot be used."""


class Dialogue:
    """One round of questions. `upper`: the files that win over what is answered here."""

    def __init__(self, settings: Settings, upper: Sequence[Layer], devices: str, *, sd_card: bool | None) -> None:
        self._settings = settings
        self._upper = upper
        self._devices = devices
        self._sd_card = sd_card
        self._answers: dict[str, Any] = {}

    def held(self) -> Wanted:
        """Asks everything. Raises Declined at the end of the input, and SetupInvalid."""
        _say("Enter keeps what is in brackets, - clears it, Ctrl-C ends without a change.\n")
        settings = self._settings
        self._field("name", "Name of this device", settings.device.name, ("device", "name"))
        zone = settings.clock.zone or f"the machine's, {local_zone()}"
        self._field("zone", "Time zone, such as Europe/Berlin", zone, ("clock", "zone"))
        self._cameras()
        self._field("media", "Folder of recordings", str(settings.media_folder), ("media", "folder"))
        self._field("upstream", "Upstream, https://host/", settings.upstream.url or "none", ("upstream", "url"))
        if self._answers.get("upstream", settings.upstream.url):
            self._token()
        self._wifi()
        if self._sd_card is not None:
            self._card(self._sd_card)
        return wanted_of(ANSWERS, self._answers)

    def _field(self, name: str, question: str, current: str, key: tuple[str, ...]) -> None:
        if source := says(key, self._upper):
            _say(f"{question}: {current} (in {source}, which wins)\n")
            return
        answer = _asked(question, current, lambda text: wanted_of(ANSWERS, {name: text}))
        if answer is not None:
            self._answers[name] = answer

    def _cameras(self) -> None:
        current = ", ".join(camera_told(camera) for camera in self._settings.cameras)
        if source := says(("cameras",), self._upper):
            _say(f"Camera: {current} (in {source}, which wins)\n")
            return
        offered = offered_cameras(self._devices)
        answer = _asked(
            "Camera: a number, several, an address, or auto", current, lambda text: chosen_cameras(text, offered)
        )
        if answer is not None:
            self._answers["camera"] = chosen_cameras(answer, offered)

    def _token(self) -> None:
        token = _secret("Token that the upstream gave (Enter: none)")
        if token:
            self._answers["token"] = SecretStr(token)

    def _wifi(self) -> None:
        """Asks again, for both, until they fit or no network is named."""
        while ssid := _asked("Wireless network to join", "no change", str):
            wifi = {"ssid": ssid, "password": _secret(f"Password of {ssid}")}
            try:
                wanted_of(ANSWERS, {"wifi": wifi})
            except SetupInvalid as invalid:
                _say(f"{invalid.fields['problems']}\n")
            else:
                self._answers["wifi"] = wifi
                return

    def _card(self, now: bool) -> None:
        answer = _asked("Does this device run from an SD card", "yes" if now else "no", truth)
        if answer is not None:
            self._answers["sd_card"] = truth(answer)


def truth(text: str) -> bool:
    """Of `yes` and `no`. Raises ValueError."""
    word = text.casefold()
    if word in ("y", "yes"):
        return True
    if word in ("n", "no", ""):
        return False
    raise ValueError("answer yes or no")


def offered_cameras(devices: str) -> list[str]:
    """Shows the cameras of this machine; what each is called by, in the order of their numbers."""
    try:
        found = found_cameras(devices)
    except CamerasNotFound as error:
        found = {"cameras": [], "failures": [error.message]}
    cameras: list[Record] = found["cameras"]
    rows = [(camera["address"], camera["name"], best_formats(camera)) for camera in cameras]
    if any(map(shutil.which, _RPICAM)):
        rows.append(("rpicam", "the camera at the board's own connector", "H.264, up to 1920x1080 30/s"))
    _say("Cameras:\n" if rows else f"Cameras: {NONE_FOUND}\n")
    for number, (address, name, formats) in enumerate(rows, 1):
        _say(f"  {number}  {name}: {formats}\n     {address}\n")
    for failure in found["failures"]:
        _say(f"  {failure}\n")
    return [address for address, _, _ in rows]


def chosen_cameras(text: str, offered: Sequence[str]) -> list[str]:
    """What an answer such as `1`, `2 1`, `auto`, `/dev/video2` names. Pure; raises ValueError."""
    chosen = []
    for word in text.replace(",", " ").split() or [AUTO]:
        number = int(word) if word.isdecimal() else 0
        if word.isdecimal() and not 1 <= number <= len(offered):
            raise ValueError(f"there is no camera {word}" + (f": give 1 to {len(offered)}" if offered else ""))
        chosen.append(offered[number - 1] if number else word)
        camera_of(chosen[-1])
    return list(dict.fromkeys(chosen))


def _asked(question: str, current: str, check: Check) -> str | None:
    """The answer, "" to clear; None keeps. Asks again until `check` is content."""
    while True:
        _say(f"{question} [{current}]: ")
        line = sys.stdin.readline()
        if not line:
            _say("\n")
            raise Declined
        answer = line.strip()
        if not answer:
            return None
        answer = "" if answer == _CLEAR else answer
        try:
            check(answer)
        except SetupInvalid as invalid:
            _say(f"{invalid.fields['problems']}\n")
        except ValueError as problem:
            _say(f"  {problem}\n")
        else:
            return answer


def _secret(question: str) -> str:
    try:
        return getpass.getpass(f"{question}: ").strip()
    except EOFError:
        raise Declined from None


def _say(text: str) -> None:
    sys.stderr.write("\n".join(clean(line) for line in text.split("\n")))
    sys.stderr.flush()
