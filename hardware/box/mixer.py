"""The volumes of the box: of the microphone (input) and of the loudspeaker (output).

PipeWire's own program sets them where a PipeWire runs, else ALSA's mixer does.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Literal

from hardware.box.errors import MixerAbsent, MixerFailed
from hardware.models import Model

Direction = Literal["input", "output"]

_WITHIN = 10.0
_PIPEWIRE = {"input": "@DEFAULT_AUDIO_SOURCE@", "output": "@DEFAULT_AUDIO_SINK@"}
_SIDE = {"input": "capture", "output": "playback"}
_PREFERRED = {
    "input": ("Capture", "Mic", "Digital", "ADC"),
    "output": ("Master", "PCM", "Speaker", "Headphone", "Digital", "HDMI"),
}
_VOLUME = {"input": ("volume", "cvolume", "cvolume-joined"), "output": ("volume", "pvolume", "pvolume-joined")}

_CONTROL = re.compile(r"^Simple mixer control '(?P<name>.*)',(?P<index>\d+)$")
_CARD = re.compile(r"^(?:plug)?hw:(?:CARD=)?(?P<card>[A-Za-z0-9_-]+)(?:,|$)")
_PERCENT = re.compile(r"\[(\d{1,3})%\]")
_FRACTION = re.compile(r"^Volume: (\d+(?:\.\d+)?)", re.MULTILINE)


class Volume(Model):
    """A volume as it was read back, 0 to 100 percent. `by`: the program; `control`: what it set."""

    percent: int
    by: Literal["wpctl", "amixer"]
    control: str


class _Failed(Exception):
    """A program did not do it; the text says why."""


class _Missing(_Failed):
    """There is no such program."""


async def set_volume(direction: Direction, percent: int, device: str = "") -> Volume:
    """Sets it. `device`: the ALSA device of the microphone that is meant (`hw:1,0`), empty for the default card.

    Raises MixerAbsent, MixerFailed.
    """
    card = _CARD.match(device)
    try:
        if card is None and await _pipewire_runs(direction):
            return await _by_pipewire(direction, percent)
        return await _by_alsa(direction, percent, ["-c", card["card"]] if card else [])
    except _Missing as missing:
        raise MixerAbsent from missing
    except _Failed as failed:
        raise MixerFailed(direction=direction, reason=failed) from None


async def _pipewire_runs(direction: Direction) -> bool:
    try:
        await _said("wpctl", "get-volume", _PIPEWIRE[direction])
    except _Failed:
        return False
    return True


async def _by_pipewire(direction: Direction, percent: int) -> Volume:
    """Raises _Failed."""
    node = _PIPEWIRE[direction]
    await _said("wpctl", "set-volume", node, f"{percent / 100:.2f}")
    found = _FRACTION.search(await _said("wpctl", "get-volume", node))
    if found is None:
        raise _Failed("wpctl tells no volume")
    return Volume(percent=round(float(found[1]) * 100), by="wpctl", control=node)


async def _by_alsa(direction: Direction, percent: int, card: Sequence[str]) -> Volume:
    """Raises _Failed."""
    for control in _controls(direction, await _said("amixer", *card, "scontrols")):
        if not _has_volume(direction, await _said("amixer", *card, "sget", control)):
            continue
        await _said("amixer", *card, "sset", control, _SIDE[direction], f"{percent}%")
        found = _PERCENT.search(await _said("amixer", *card, "sget", control))
        if found is None:
            raise _Failed(f"amixer tells no volume of {control}")
        return Volume(percent=int(found[1]), by="amixer", control=control)
    raise _Failed(f"the sound card has no {_SIDE[direction]} volume")


def _controls(direction: Direction, listing: str) -> list[str]:
    """The card's controls as amixer takes them, the likely ones first."""
    found = [match for line in listing.splitlines() if (match := _CONTROL.match(line))]
    likely = _PREFERRED[direction]
    found.sort(key=lambda match: likely.index(match["name"]) if match["name"] in likely else len(likely))
    return [f"'{match['name']}',{match['index']}" for match in found]


def _has_volume(direction: Direction, shown: str) -> bool:
    for line in shown.splitlines():
        name, _, words = line.strip().partition(":")
        if name == "Capabilities":
            return bool(set(words.split()).intersection(_VOLUME[direction]))
    return False


async def _said(program: str, *arguments: str) -> str:
    """The program's output. Raises _Failed."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise _Missing(program) from error
    except OSError as error:
        raise _Failed(f"{program}: {error.strerror}") from error
    try:
        async with asyncio.timeout(_WITHIN):
            output, complaint = await process.communicate()
    except TimeoutError:
        raise _Failed(f"{program} did not return within {_WITHIN:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = complaint.decode("utf-8", "replace").strip().splitlines()
        raise _Failed(lines[-1] if lines else f"{program} ended with status {process.returncode}")
    return output.decode("utf-8", "replace")
