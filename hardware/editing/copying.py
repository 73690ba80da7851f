"""Packets of a part into the new file, as they are. Loads av."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from av.packet import Packet

from hardware.editing.film import Film
from hardware.editing.looking import Look, open_part, seconds_of
from hardware.models.jobs import EditPart

AFTER_THE_END = 1
"""Seconds of a part that are read beyond its end: sound comes that much later in a file than its pictures."""

Held = list["Packet[Any]"]


def copy_part(film: Film, part: EditPart, look: Look, copied: Callable[[float], None]) -> float | None:
    """Adds the part from the key frame at or before its start on.

    Answers how many seconds (of the part) its first picture is at; None when there was none. `copied` hears how many
    seconds of the new file are there.
    """
    return _Copy(film, part, look).run(copied)


class _Copy:
    def __init__(self, film: Film, part: EditPart, look: Look) -> None:
        self._film = film
        self._part = part
        self._usual = Fraction(1 / look.rate).limit_denominator(90_000)
        self._offset = film.end
        self._zero: Fraction | None = None
        self._first: Fraction | None = None
        self._group: Held = []
        self._sounds: Held = []

    def run(self, copied: Callable[[float], None]) -> float | None:
        with open_part(self._part.path) as container:
            video = container.streams.video[0]
            for packet in container.demux([video, *container.streams.audio[:1]]):
                if not packet.size:
                    continue
                time = seconds_of(packet.pts if packet.pts is not None else packet.dts, packet.time_base)
                if packet.stream.index == video.index:
                    self._take_picture(packet, time)
                else:
                    self._take_sound(packet, time)
                if self._zero is not None and self._is_past(time - self._zero):
                    break
                copied(float(self._film.end))
        self._flush()
        return None if self._first is None or self._zero is None else float(self._first - self._zero)

    def _is_past(self, at: Fraction) -> bool:
        return self._part.end is not None and at >= self._part.end + AFTER_THE_END

    def _take_picture(self, packet: "Packet[Any]", time: Fraction) -> None:
        self._zero = time if self._zero is None else self._zero
        at = time - self._zero
        if self._part.end is not None and at >= self._part.end:
            return
        if self._first is None:
            self._wait(packet, time, at)
        else:
            self._film.add_picture(packet, self._offset - self._first, self._usual)

    def _wait(self, packet: "Packet[Any]", time: Fraction, at: Fraction) -> None:
        """Before the start: the group of pictures in which it lies is kept."""
        if packet.is_keyframe:
            self._group.clear()
            self._sounds = [each for each in self._sounds if seconds_of(each.pts, each.time_base) >= time]
        if packet.is_keyframe or self._group:
            self._group.append(packet)
        if self._group and at + self._usual / 2 >= self._part.start:
            self._flush()

    def _flush(self) -> None:
        """The group that was kept is where the part begins."""
        if not self._group:
            return
        group, self._group = self._group, []
        self._first = seconds_of(group[0].pts, group[0].time_base)
        shift = self._offset - self._first
        for packet in group:
            self._film.add_picture(packet, shift, self._usual)
        for packet in self._sounds:
            self._film.add_sound(packet, shift)
        self._sounds.clear()

    def _take_sound(self, packet: "Packet[Any]", time: Fraction) -> None:
        if self._zero is not None and self._part.end is not None and time - self._zero >= self._part.end:
            return
        if self._first is None:
            self._sounds.append(packet)
        else:
            self._film.add_sound(packet, self._offset - self._first)
