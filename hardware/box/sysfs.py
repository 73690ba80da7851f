"""What the kernel's files say of the box: temperatures, battery, throttling, radio, what was written to a disk.

`root` stands for `/`. A file that is missing or says something else counts as not said. Reads files: not for the event
loop.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CPU_ZONES: Final = ("x86_pkg_temp", "cpu", "soc", "package")
"""How a thermal zone of the processor is named, by a part of its type; the first that fits."""
CPU_CHIPS: Final = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal")
"""Its sensors where there is no such zone."""
GPU_ZONES: Final = ("gpu",)
VOLTAGE_CHIP: Final = "rpi_volt"
"""The sensor of a Raspberry Pi that tells whether its supply is too weak."""
_COOLERS: Final = ("processor", "cpufreq")
"""Cooling devices that cool by slowing the processor down."""
_LOWEST, _HIGHEST = -40.0, 150.0
"""°C; what is outside is no temperature but a sensor's word for "none"."""
SECTOR: Final = 512
"""Bytes; block devices count in these, whatever their own are."""

Numbers = dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """`percent` 0 to 100, `millivolts`; None where it does not say. `status` in the kernel's words, or ""."""

    percent: int | None
    millivolts: int | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    """Whether the processor is slowed down now, by heat, and whether the supply is too weak; None: no sensor says."""

    heat: bool | None = None
    voltage: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wireless:
    """An interface of a wireless network. `link`: 0 to 70, `level`: dBm; None without a connection. `discarded`: counts
    of packets and beacons that came to nothing, by the reason.
    """

    name: str
    link: int | None
    level: int | None
    discarded: Numbers


def text_of(file: Path) -> str:
    """What the file says, without the blanks around it; "" when it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def number_of(file: Path) -> int | None:
    """The number in the file; None without one."""
    try:
        return int(text_of(file))
    except ValueError:
        return None


def cpu_temperature(root: Path) -> float | None:
    """°C: that of a thermal zone, else of the processor's own sensor."""
    zone = _zone(root, CPU_ZONES)
    return zone if zone is not None else _celsius(_chip(root, CPU_CHIPS), "temp1_input")


def gpu_temperature(root: Path) -> float | None:
    """°C, where the graphics processor has a sensor of its own."""
    return _zone(root, GPU_ZONES)


def cpu_megahertz(root: Path) -> float | None:
    """What the first processor runs at now."""
    kilohertz = number_of(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
    return None if kilohertz is None else kilohertz / 1000


def battery(root: Path) -> Battery | None:
    """The box's first battery; that of a mouse or the like is none."""
    for folder in _folders(root / "sys/class/power_supply"):
        if text_of(folder / "type") == "Battery" and text_of(folder / "scope") != "Device":
            if number_of(folder / "present") == 0:
                continue
            microvolts = number_of(folder / "voltage_now")
            return Battery(
                percent=number_of(folder / "capacity"),
                millivolts=None if microvolts is None else microvolts // 1000,
                status=text_of(folder / "status"),
            )
    return None


def throttling(root: Path) -> Throttling:
    """Cheap: a handful of short files."""
    chip = _chip(root, (VOLTAGE_CHIP,))
    alarm = number_of(chip / "in0_lcrit_alarm") if chip else None
    coolers = [
        number_of(folder / "cur_state")
        for folder in _folders(root / "sys/class/thermal", "cooling_device")
        if any(word in text_of(folder / "type").casefold() for word in _COOLERS)
    ]
    slowed = [state > 0 for state in coolers if state is not None]
    return Throttling(heat=any(slowed) if slowed else None, voltage=None if alarm is None else alarm != 0)


def wireless(root: Path) -> Wireless | None:
    """The first wireless interface, connected or not."""
    names = [folder.name for folder in _folders(root / "sys/class/net") if (folder / "phy80211").exists()]
    told = [line.split() for line in text_of(root / "proc/net/wireless").splitlines() if ":" in line.split("|")[0]]
    for fields in told:
        found = _told(fields)
        if found is not None and (not names or found.name in names):
            return found
    return Wireless(name=names[0], link=None, level=None, discarded={}) if names else None


def _told(fields: list[str]) -> Wireless | None:
    """`wlan0: 0000 54. -56. -256 0 0 0 0 0 0`: status, link, level, noise, then what was discarded."""
    try:
        link, level = (int(float(text)) for text in fields[2:4])
        counts = [int(text) for text in fields[5:11]]
    except ValueError:
        return None
    names = ("rx_invalid_nwid", "rx_invalid_crypt", "rx_invalid_frag", "tx_excessive_retries", "invalid_misc",
             "missed_beacon")  # fmt: skip
    if len(counts) != len(names):
        return None
    known = dict(zip(names, counts, strict=True))
    return Wireless(name=fields[0].rstrip(":"), link=link or None, level=level if level < 0 else None, discarded=known)


def interface_counts(root: Path, name: str) -> dict[str, Numbers]:
    """What an interface has received (`rx`) and sent (`tx`) since boot; without the counts that it does not keep."""
    folder = root / "sys/class/net" / name / "statistics"
    files = {"bytes": "bytes", "packets": "packets", "errors": "errors", "dropped": "dropped"}
    received = _numbers(folder, "rx_", {**files, "overruns": "over_errors", "frame": "frame_errors"})
    sent = _numbers(folder, "tx_", {**files, "overruns": "fifo_errors", "carrier": "carrier_errors"})
    return {"rx": received, "tx": sent}


def written_bytes(root: Path, folder: Path) -> int | None:
    """Bytes written since boot to the block device that has `folder`; None for a file system on none of its own.

    Raises OSError when the folder is gone.
    """
    device = folder.stat().st_dev
    counts = text_of(root / "sys/dev/block" / f"{os.major(device)}:{os.minor(device)}" / "stat").split()
    return int(counts[6]) * SECTOR if len(counts) > 6 and counts[6].isdecimal() else None


def _numbers(folder: Path, prefix: str, files: dict[str, str]) -> Numbers:
    found = {name: number_of(folder / f"{prefix}{file}") for name, file in files.items()}
    return {name: number for name, number in found.items() if number is not None}


def _zone(root: Path, words: tuple[str, ...]) -> float | None:
    zones = [
        (text_of(folder / "type").casefold(), folder) for folder in _folders(root / "sys/class/thermal", "thermal")
    ]
    for word in words:
        for kind, folder in zones:
            found = _celsius(folder, "temp") if word in kind else None
            if found is not None:
                return found
    return None


def _chip(root: Path, names: tuple[str, ...]) -> Path | None:
    """The folder of the first sensor chip with one of these names."""
    folders = _folders(root / "sys/class/hwmon")
    return next((folder for folder in folders if text_of(folder / "name") in names), None)


def _celsius(folder: Path | None, file: str) -> float | None:
    thousandths = number_of(folder / file) if folder else None
    celsius = None if thousandths is None else thousandths / 1000
    return celsius if celsius is not None and _LOWEST < celsius < _HIGHEST else None


def _folders(parent: Path, prefix: str = "") -> list[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.name.startswith(prefix))
    except OSError:
        return []
