"""What `rpicam-vid --save-pts` writes beside its pictures: when the sensor took each, from the first one on. Pure."""

import re

from hardware.sources.rpi.splitting import BrokenStream

_LINE = re.compile(rb"(?P<ms>\d{1,15})\.(?P<us>\d{3})")
_LONGEST_LINE = 64
_NS_PER_MS, _NS_PER_US = 1_000_000, 1_000


class SavedTimes:
    """Reads the lines, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[int]:
        """The times (ns) of the pictures that `data` completes, in order. Raises BrokenStream."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            raise BrokenStream("the program's times cannot be read")
        return [_parse(line) for line in lines if not line.startswith(b"#")]


def _parse(line: bytes) -> int:
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise BrokenStream("the program's times cannot be read")
    return int(found["ms"]) * _NS_PER_MS + int(found["us"]) * _NS_PER_US
