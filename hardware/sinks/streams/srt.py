"""A link by SRT, which PyAV does not speak: MPEG-TS through a pipe into the program ffmpeg.

A command line is visible to everybody on the machine, so what is secret in the address (stream id, passphrase) goes to
ffmpeg as a file of options, which is a pipe.
"""

import os
import re
import shutil
import subprocess
from urllib.parse import parse_qsl, urlencode, urlsplit

from hardware.errors import StreamUnsupported
from hardware.launch import child_environment
from hardware.models import StreamOrder
from hardware.sinks.streams.childprocess import ChildProcess
from hardware.sinks.streams.link import Shape, Unit
from hardware.sinks.streams.processlink import ProcessLink
from hardware.sinks.streams.transport import TransportStream

PROGRAM = "ffmpeg"
SECRET_OPTIONS = frozenset({"streamid", "srt_streamid", "passphrase"})

_PROBING = ("-probesize", "65536", "-analyzeduration", "1000", "-fpsprobesize", "0")
_NOT_IN_LINE = re.compile(r"[\x00-\x1f\x7f]")
_PROGRESS = re.compile(r"total_size=(\d+)")


def check_srt(order: StreamOrder) -> None:
    """Raises StreamUnsupported when ffmpeg is not there or cannot do SRT, or the address cannot be told to it."""
    if any(_NOT_IN_LINE.search(value) for value in split_secrets(order.url)[1].values()):
        raise StreamUnsupported(kind="srt", reason="a stream id and a passphrase have no control characters")
    program = shutil.which(PROGRAM)
    if program is None:
        raise StreamUnsupported(kind="srt", reason="it needs the program ffmpeg: install the Debian package `ffmpeg`")
    try:
        asking = (program, "-hide_banner", "-protocols")
        known = subprocess.run(asking, capture_output=True, timeout=10, check=False).stdout  # noqa: S603 - it is ours
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StreamUnsupported(kind="srt", reason=f"{program} does not run: {error}") from error
    if b"srt" not in known.split():
        reason = f"{program} was built without SRT: install that of the Debian package `ffmpeg`"
        raise StreamUnsupported(kind="srt", reason=reason)


def split_secrets(url: str) -> tuple[str, dict[str, str]]:
    """The address as it may be seen, and what of its options may not."""
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    seen = [(name, value) for name, value in options if name not in SECRET_OPTIONS]
    secret = {name: value for name, value in options if name in SECRET_OPTIONS}
    return parts._replace(query=urlencode(seen)).geturl(), secret


def command(url: str, options_file: str) -> tuple[str, ...]:
    """The command line."""
    quiet = (PROGRAM, "-hide_banner", "-v", "error", "-nostats", "-progress", "pipe:1", "-stats_period", "0.2")
    source = (*_PROBING, "-f", "mpegts", "-i", "pipe:0", "-c", "copy", "-flush_packets", "1")
    return (*quiet, *source, "-f", "mpegts", "-pkt_size", "1316", "-fpre", options_file, url)


class SrtLink(ProcessLink):
    """See `Link`. What ffmpeg has taken counts as sent once it has begun to send."""

    def __init__(self, order: StreamOrder, shape: Shape) -> None:
        """Starts ffmpeg. Raises LinkLost."""
        url, secret = split_secrets(order.url)
        reading, writing = os.pipe()
        try:
            os.write(writing, "".join(f"{name}={value}\n" for name, value in secret.items()).encode())
            os.close(writing)
            super().__init__(ChildProcess(command(url, f"/dev/fd/{reading}"), child_environment(), (reading,)))
        finally:
            os.close(reading)
        self._transport = TransportStream(shape)
        self._size = 0

    @property
    def has_room(self) -> bool:
        return self._process.has_room

    def send(self, unit: Unit) -> None:
        self._process.write(self._transport.pack(unit))
        self._given += 1

    def close(self, seconds: float) -> int:
        self._transport.close()
        return super().close(seconds)

    def _note(self, line: str) -> None:
        progress = _PROGRESS.fullmatch(line)
        if progress is not None:
            size = int(progress[1])
            if size > self._size:
                self._size, self._sent = size, self._given
        elif "=" not in line.split(" ")[0]:
            self._complaint = line
