"""The frames between agent and camera host on their Unix socket pair.

A frame is a 4-byte big-endian length of the body, one byte that tells its kind, and the body: `J` a JSON message of
`hardware.models`, `P` a picture: the length (1 byte) of its sink's id, the id, the time of capture (8 bytes,
nanoseconds), the JPEG; `O` an observation with its picture: the length (4 bytes) of its JSON, that, the JPEG. Sizes are
bounded; what exceeds them or is no message ends the connection.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from hardware.errors import WireError
from hardware.models import PROTOCOL_VERSION, Model, Observation, Order, Report

HEADER = struct.Struct(">IB")
_TIME = struct.Struct(">Q")
_LENGTH = struct.Struct(">I")


class FrameKind(IntEnum):
    """What the body of a frame is."""

    JSON = ord("J")
    PICTURE = ord("P")
    OBSERVATION = ord("O")


LIMITS = {FrameKind.JSON: 1 << 18, FrameKind.PICTURE: 1 << 25, FrameKind.OBSERVATION: 1 << 20}
"""Largest body in bytes: 256 KiB of JSON (a camera may list hundreds of formats), 32 MiB of picture, 1 MiB of both."""

LONGEST_SEEN_JPEG = LIMITS[FrameKind.OBSERVATION] - LIMITS[FrameKind.JSON]
"""Bytes of the picture of an observation."""

_LONGEST_ID = 255

LONGEST_JPEG = LIMITS[FrameKind.PICTURE] - 1 - _LONGEST_ID - _TIME.size
"""Bytes of a picture that can be sent."""

Message = TypeVar("Message")

_ORDERS: TypeAdapter[Order] = TypeAdapter(Order)
_REPORTS: TypeAdapter[Report] = TypeAdapter(Report)
_OBSERVATIONS: TypeAdapter[Observation] = TypeAdapter(Observation)


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame as it came."""

    kind: FrameKind
    body: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """What a preview sink shows: one JPEG, captured at `mono_ns` (CLOCK_MONOTONIC)."""

    sink_id: str
    mono_ns: int
    jpeg: bytes


def pack(kind: FrameKind, body: bytes) -> bytes:
    """The frame's bytes. Raises WireError when `body` is longer than its kind may be."""
    if len(body) > LIMITS[kind]:
        raise WireError(reason=f"{len(body)} bytes are more than a {kind.name} frame may have")
    return HEADER.pack(len(body), kind) + body


def pack_message(message: Model) -> bytes:
    """`message` as the bytes of its frame. Raises WireError when it is too long."""
    text = message.model_dump_json().encode()
    if isinstance(message, Observation) and message.jpeg:
        return pack(FrameKind.OBSERVATION, b"".join((_LENGTH.pack(len(text)), text, message.jpeg)))
    return pack(FrameKind.JSON, text)


def pack_picture(picture: Picture) -> bytes:
    """What a picture frame has before the JPEG, which is to be sent behind it. Raises WireError when it is too long."""
    sink_id = picture.sink_id.encode()
    if len(sink_id) > _LONGEST_ID:
        raise WireError(reason=f"a sink id of {len(sink_id)} bytes is longer than {_LONGEST_ID}")
    length = 1 + len(sink_id) + _TIME.size + len(picture.jpeg)
    if length > LIMITS[FrameKind.PICTURE]:
        raise WireError(reason=f"{length} bytes are more than a PICTURE frame may have")
    return b"".join(
        (HEADER.pack(length, FrameKind.PICTURE), bytes([len(sink_id)]), sink_id, _TIME.pack(picture.mono_ns))
    )


def parse_header(header: bytes | memoryview) -> tuple[FrameKind, int]:
    """Kind and body length (bytes) of the 5-byte `header`. Raises WireError for an unknown kind or too long a body."""
    length, code = HEADER.unpack(header)
    try:
        kind = FrameKind(code)
    except ValueError:
        raise WireError(reason=f"unknown frame kind {code:#04x}") from None
    if length > LIMITS[kind]:
        raise WireError(reason=f"{length} bytes are more than a {kind.name} frame may have")
    return kind, length


class FrameBuffer:
    """Cuts a byte stream into frames. It never holds more than one unfinished frame plus what was just fed."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes, in order. Raises WireError at the first frame that cannot be taken."""
        self._bytes += data
        while len(self._bytes) >= HEADER.size:
            kind, length = parse_header(bytes(self._bytes[: HEADER.size]))
            end = HEADER.size + length
            if len(self._bytes) < end:
                return
            body = bytes(self._bytes[HEADER.size : end])
            del self._bytes[:end]
            yield Frame(kind, body)


def _parse(adapter: TypeAdapter[Message], frame: Frame) -> Message:
    if frame.kind is not FrameKind.JSON:
        raise WireError(reason=f"a {frame.kind.name} frame where a message was due")
    try:
        return adapter.validate_json(frame.body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise WireError(reason=f"{first['msg']} at {'.'.join(map(str, first['loc'])) or 'top'}") from None


def parse_order(frame: Frame) -> Order:
    """What the agent sent. Raises WireError."""
    return _parse(_ORDERS, frame)


def parse_report(frame: Frame) -> Report:
    """What the host sent. Raises WireError."""
    if frame.kind is not FrameKind.OBSERVATION:
        return _parse(_REPORTS, frame)
    if len(frame.body) < _LENGTH.size:
        raise WireError(reason=f"an OBSERVATION frame of {len(frame.body)} bytes has no length")
    end = _LENGTH.size + _LENGTH.unpack_from(frame.body)[0]
    seen = _parse(_OBSERVATIONS, Frame(FrameKind.JSON, frame.body[_LENGTH.size : end]))
    return seen.model_copy(update={"jpeg": frame.body[end:]})


def parse_picture(body: bytes | memoryview) -> Picture:
    """The picture in a PICTURE frame's body. Raises WireError."""
    start = 1 + body[0] + _TIME.size if body else 1
    if len(body) < start:
        raise WireError(reason=f"a PICTURE frame of {len(body)} bytes ends before its picture")
    try:
        sink_id = str(body[1 : 1 + body[0]], "utf-8")
    except UnicodeDecodeError:
        raise WireError(reason="the sink id of a picture is not UTF-8") from None
    (mono_ns,) = _TIME.unpack_from(body, start - _TIME.size)
    return Picture(sink_id, mono_ns, bytes(body[start:]))


def check_version(version: int) -> None:
    """Raises WireError unless the peer speaks this version."""
    if version != PROTOCOL_VERSION:
        raise WireError(reason=f"the peer speaks version {version}, this side {PROTOCOL_VERSION}")
