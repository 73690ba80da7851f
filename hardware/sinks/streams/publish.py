"""The process of one RTMP, RTSP or WHIP connection: `python -P -m hardware.sinks.streams.publish`.

FFmpeg connects, and says goodbye, holding Python's global lock and without a time limit that could be set: in the host
process this would stop the camera. Here it stops nothing, and the process can be killed.

Input: a line of JSON (`Target`), then pictures, each after `HEADER`. Output: a line `SENT` for each that went through,
or `FAILED` with why, and the end. The address comes by the pipe because a command line is visible to all.
"""

import importlib
import io
import itertools
import json
import os
import re
import select
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

from hardware.sinks.streams.muxing import USUAL_RATE, mux
from hardware.system import end_with_parent

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.stream import Stream as MediaStream

MODULE = "hardware.sinks.streams.publish"
HEADER = struct.Struct("!?QI")
"""Key frame, ticks of `muxing.CLOCK` since the first picture, bytes."""

SENT = "sent"
FAILED = "failed "

Kind = Literal["rtmp", "rtsp", "whip"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to and what. `codec` is FFmpeg's name, `rate` in frames per second, `ca_file` holds who is trusted."""

    kind: Kind
    url: str
    codec: str
    rate: float
    ca_file: str

    def line(self) -> bytes:
        """As it is sent to the process."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """The reverse of `line`."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture, key frames with their parameter sets; `tick` as in `HEADER`."""

    key: bool
    tick: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Output:
    """How FFmpeg is told to publish."""

    format: str
    url: str
    options: Mapping[str, str]


def rtmp_output(target: Target) -> Output:
    """Through FFmpeg's `tee`: PyAV itself passes no options on to TLS, and without them no certificate is checked."""
    options = {"f": "flv", "flvflags": "no_duration_filesize"}
    if target.url.lower().startswith("rtmps:"):
        options |= {"tls_verify": "1", "ca_file": re.sub(r"([\\':\]])", r"\\\1", target.ca_file)}
    chosen = ":".join(f"{name}={value}" for name, value in options.items())
    return Output("tee", re.sub(r"([\\'|])", r"\\\1", f"[{chosen}]{target.url}"), {})


def rtsp_output(target: Target) -> Output:
    """Interleaved in the one TCP connection, which passes firewalls and shows when it does not get on."""
    options = {"rtsp_transport": "tcp"}
    if target.url.lower().startswith("rtsps:"):
        options |= {"tls_verify": "1", "ca_file": target.ca_file}
    return Output("rtsp", target.url, options)


def whip_output(target: Target) -> Output:
    """The address is that of a `Forwarder`, which speaks with the server."""
    certificate, key = importlib.import_module("hardware.sinks.streams.certificate").certificate_files()
    return Output("whip", target.url, {"strict": "experimental", "cert_file": certificate, "key_file": key})


OUTPUTS: Mapping[str, Callable[[Target], Output]] = MappingProxyType(
    {"rtmp": rtmp_output, "rtsp": rtsp_output, "whip": whip_output}
)


def main() -> None:
    """Publishes what comes until the input ends."""
    end_with_parent()
    if _is_alone():
        return
    import av

    source = sys.stdin.buffer
    target = Target.parse(source.readline())
    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture(local=False) as complaints:
        try:
            _publish(target, source, complaints)
        except (av.FFmpegError, OSError, ValueError) as error:
            _say(f"{FAILED}{_why(error, complaints)}")
            os._exit(1)  # without saying goodbye to a server that may not listen


def _is_alone() -> bool:
    """Whether the host has ended already, before the kernel was asked to tell."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return bool(output.poll(0))  # an error: nobody reads


def _publish(target: Target, source: BinaryIO, complaints: list[tuple[int, str, str]]) -> None:
    import av

    pictures = _pictures(source)
    first = next(pictures, None)
    if first is None:
        return
    output = OUTPUTS[target.kind](target)
    container = av.open(output.url, "w", format=output.format, options=dict(output.options))
    stream = _add_stream(container, target, first.data)
    for picture in itertools.chain((first,), pictures):
        mux(container, stream, picture.data, picture.tick, key=picture.key)
        _say(SENT)
        complaints.clear()  # it got through all the same
    container.close()


def _add_stream(container: "OutputContainer", target: Target, first: bytes) -> "MediaStream":
    """A stream like that of the first picture, parameter sets included."""
    import av

    options = {"framerate": f"{target.rate or USUAL_RATE:.3f}"}
    with av.open(io.BytesIO(first), format=target.codec, options=options) as template:
        return container.add_stream_from_template(template.streams.video[0], opaque=True)


def _pictures(source: BinaryIO) -> Iterator[Picture]:
    while len(header := source.read(HEADER.size)) == HEADER.size:
        key, tick, size = HEADER.unpack(header)
        data = source.read(size)
        if len(data) == size:  # the last one may be cut off
            yield Picture(key, tick, data)


def _why(error: Exception, complaints: list[tuple[int, str, str]]) -> str:
    """What FFmpeg complained of last, else the error without the address that it names."""
    said = [text for _, who, text in complaints if text.strip() and who != "tee"]
    plain = getattr(error, "strerror", None) or type(error).__name__
    return " ".join(f"{plain}: {said[-1]}".split()) if said else plain


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
