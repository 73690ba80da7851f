"""The frames between agent and camera host on their Unix socket pair.

A frame is a 4-byte big-endian length of the body, one byte that tells its kind, and the body: `J` a JSON message of
`hardware.models`, `P` the bytes of a picture. Sizes are bounded; what exceeds them or is no message
ends the connection.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from hardware.errors import WireError
from hardware.models import PROTOCOL_VERSION, Model, Order, Report

HEADER = struct.Struct(">IB")


class FrameKind(IntEnum):
    """What the body of a frame is."""

    JSON = ord("J")
    PICTURE = ord("P")


LIMITS = {FrameKind.JSON: 1 << 18, FrameKind.PICTURE: 1 << 25}
"""Largest body in bytes: 256 KiB of JSON (a camera may list hundreds of formats), 32 MiB of picture."""

Message = TypeVar("Message")

_ORDERS: TypeAdapter[Order] = TypeAdapter(Order)
_REPORTS: TypeAdapter[Report] = TypeAdapter(Report)


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame as it came."""

    kind: FrameKind
    body: bytes


def pack(kind: FrameKind, body: bytes) -> bytes:
    """The frame's bytes. Raises WireError when `body` is longer than its kind may be."""
    if len(body) > LIMITS[kind]:
        raise WireError(reason=f"{len(body)} bytes are more than a {kind.name} frame may have")
    return HEADER.pack(len(body), kind) + body


def pack_message(message: Model) -> bytes:
    """`message` as the bytes of a JSON frame. Raises WireError when it is too long."""
    return pack(FrameKind.JSON, message.model_dump_json().encode())


def parse_header(header: bytes) -> tuple[FrameKind, int]:
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
    return _parse(_REPORTS, frame)


def check_version(version: int) -> None:
    """Raises WireError unless the peer speaks this version."""
    if version != PROTOCOL_VERSION:
        raise WireError(reason=f"the peer speaks version {version}, this side {PROTOCOL_VERSION}")
