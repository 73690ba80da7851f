"""What the box says of itself, in the words of the contract's `healthJSON` (events-api.md section 8).

A part that the box does not have is absent; so is a number that nothing tells.
"""

import ipaddress
import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from hardware.box import sysfs
from hardware.box.sysfs import Throttling

logger = logging.getLogger(__name__)

Part = dict[str, Any]

_MOST_ADDRESSES: Final = 32
_DAY: Final = 86_400.0
_WEAR_AFTER: Final = 600.0
"""Seconds of uptime from which what was written is called so much a day: a boot writes more than the day after it."""
_VIRTUAL: Final = ("total", "available", "percent", "used", "free", "active", "inactive", "buffers", "cached", "shared")
_SWAP: Final = ("total", "used", "free", "percent", "sin", "sout")
_FAMILIES: Final = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxReading:
    """`said`: the members of `healthJSON` that the box itself tells. `media`: the disk of the media folder, `wear`:
    what is written there; both may be empty.
    """

    said: Part
    throttling: Throttling
    media: Part
    wear: Part


class Sensors:
    """Reads files and asks the kernel, for some milliseconds: to be called in a thread, and not in two at once.

    `root` stands for `/` in what is read from sysfs.
    """

    def __init__(self, media_folder: Path, root: Path = Path("/")) -> None:
        self._media_folder = media_folder
        self._root = root
        self._busy: list[tuple[float, float]] = []
        self._failed: set[str] = set()
        self._parts: dict[str, Callable[[], Any]] = {
            "ip_addresses": _addresses,
            "time": lambda: {"uptime": round(uptime() * 1000)},
            "battery": self._battery,
            "cpu": self._cpu,
            "gpu": lambda: _known(temp=sysfs.gpu_temperature(root)),
            "memory": _memory,
            "disk": lambda: disk_of(Path("/")),
            "radio": self._radio,
        }

    def read(self) -> BoxReading:
        """Everything. Shares of processor time are those since the reading before: the first has none."""
        said = {name: self._part(name, read) for name, read in self._parts.items()}
        return BoxReading(
            said={name: part for name, part in said.items() if part},
            throttling=self.throttling(),
            media=self._part("media", lambda: disk_of(self._media_folder)),
            wear=self._part("wear", self._wear),
        )

    def throttling(self) -> Throttling:
        """Only this; quick."""
        return sysfs.throttling(self._root)

    def _part(self, name: str, read: Callable[[], Any]) -> Any:
        """A part; empty when it cannot be read, which is logged once."""
        try:
            return read()
        except Exception as error:  # noqa: BLE001  # boundary: one part must not silence all the others
            if name not in self._failed:
                self._failed.add(name)
                logger.warning("health goes without %r, which cannot be read: %r", name, error)
            return {}

    def _battery(self) -> Part:
        found = sysfs.battery(self._root)
        return _known(percent=found.percent, mV=found.millivolts, status=found.status or None) if found else {}

    def _cpu(self) -> Part:
        before, self._busy = self._busy, _busy_times()
        return _known(
            temp=sysfs.cpu_temperature(self._root),
            percent=_shares(before, self._busy) or None,
            count=len(self._busy),
            freq=sysfs.cpu_megahertz(self._root),
        )

    def _radio(self) -> Part:
        found = sysfs.wireless(self._root)
        if found is None:
            return {}
        folder = self._root / "sys/class/net" / found.name
        interface = {
            **_known(
                HWaddr=sysfs.text_of(folder / "address") or None,
                mtu=sysfs.number_of(folder / "mtu"),
                collisions=sysfs.number_of(folder / "statistics/collisions"),
            ),
            **sysfs.interface_counts(self._root, found.name),
        }
        quality = None if found.link is None else f"{found.link}/70"
        return {
            "wi": _known(signal_dBm=found.level),
            "iwconfig": {**_known(link_quality=quality), **found.discarded},
            "ifconfig": interface,
        }

    def _wear(self) -> Part:
        written = sysfs.written_bytes(self._root, self._media_folder)
        since = uptime()
        per_day = round(written / since * _DAY) if written is not None and since >= _WEAR_AFTER else None
        return _known(written_bytes=written, written_bytes_per_day=per_day)


def uptime() -> float:
    """Seconds since boot, those asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def disk_of(folder: Path) -> Part:
    """The disk that has the folder. Raises OSError when it is gone."""
    usage = psutil.disk_usage(str(folder))
    mounts = [mount for mount in psutil.disk_partitions(all=True) if folder.is_relative_to(mount.mountpoint)]
    # Of those at the same place the last one is on top.
    place = max(reversed(mounts), key=lambda mount: len(mount.mountpoint), default=None)
    named = {"device": place.device, "mountpoint": place.mountpoint} if place else {}
    return {**named, "total": usage.total, "used": usage.used, "free": usage.free, "percent": usage.percent}


def _addresses() -> list[Part]:
    """Of every interface but the loopback; a box that runs containers has many."""
    found = [
        {
            "name": name,
            "family": _FAMILIES[each.family],
            "ip": each.address.partition("%")[0],
            **_known(netmask=_prefix(each.netmask)),
        }
        for name, addresses in psutil.net_if_addrs().items()
        for each in addresses
        if each.family in _FAMILIES and not ipaddress.ip_address(each.address.partition("%")[0]).is_loopback
    ]
    return found[:_MOST_ADDRESSES]


def _prefix(netmask: str | None) -> int | None:
    """`255.255.255.0` and `ffff:ffff::` as a number of bits."""
    return int(ipaddress.ip_address(netmask)).bit_count() if netmask else None


def _busy_times() -> list[tuple[float, float]]:
    """Of each processor: seconds at work, and all seconds."""
    found = []
    for times in psutil.cpu_times(percpu=True):
        # What a guest takes is in `user` and `nice` as well.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        found.append((total - times.idle - getattr(times, "iowait", 0.0), total))
    return found


def _shares(before: list[tuple[float, float]], now: list[tuple[float, float]]) -> list[float]:
    """Percent of each processor's time; none when processors came or went, or when no time has passed."""
    if len(before) != len(now) or any(after[1] <= then[1] for then, after in zip(before, now, strict=True)):
        return []
    pairs = zip(before, now, strict=True)
    return [round(min(max(100 * (after[0] - then[0]) / (after[1] - then[1]), 0.0), 100.0), 1) for then, after in pairs]


def _memory() -> Part:
    virtual, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "virtual_memory": {name: getattr(virtual, name) for name in _VIRTUAL if hasattr(virtual, name)},
        "swap_memory": {name: getattr(swap, name) for name in _SWAP},
    }


def _known(**members: Any) -> Part:
    """The members that something tells."""
    known: Mapping[str, Any] = {name: value for name, value in members.items() if value is not None}
    return dict(known)
