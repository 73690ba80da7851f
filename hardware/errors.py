"""Errors of the hardware package. They cross the process border as (`code`, `message`, `fields`)."""

from collections.abc import Iterator
from typing import ClassVar


class HardwareError(Exception):
    """Base class. `fields` fill the class's `template`; both are safe to show."""

    code: ClassVar[str] = "hardware"
    template: ClassVar[str] = "the camera host failed"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.template.format_map(fields))


class CameraUnavailable(HardwareError):
    """No camera answers at the address; it may come back."""

    code = "camera_unavailable"
    template = "camera {camera!r} is not available: {reason}"


class CameraBusy(HardwareError):
    """Another process holds the camera."""

    code = "camera_busy"
    template = "camera {camera!r} is held by another process: {reason}"


class CameraStalled(HardwareError):
    """No new frame arrived in time."""

    code = "camera_stalled"
    template = "camera {camera!r} delivered no frame for {seconds} s"


class FormatUnsupported(HardwareError):
    """The camera or the sink cannot do what was asked."""

    code = "format_unsupported"
    template = "camera {camera!r} cannot deliver {asked}: {reason}"


class StorageFull(HardwareError):
    """ENOSPC while writing media."""

    code = "storage_full"
    template = "no space left for media in {folder!r}"


class StorageFailed(HardwareError):
    """EIO or another failure while writing media."""

    code = "storage_failed"
    template = "writing {path!r} failed: {reason}"


class MicrophoneFailed(HardwareError):
    """A microphone does not work; the pictures go on without it."""

    code = "microphone_failed"
    template = "microphone {device!r} does not work: {reason}"


class NoMicrophone(HardwareError):
    """Sound is to be recorded, and there is nothing that hears it."""

    code = "no_microphone"
    template = "no sound can be recorded (microphone {device!r}): {reason}"


class HostLost(HardwareError):
    """The camera host process ended or its socket broke."""

    code = "host_lost"
    template = "the host process of camera {camera!r} ended: {reason}"


class WireError(HardwareError):
    """A frame on the socket that cannot be taken."""

    code = "wire"
    template = "bad frame on the host socket: {reason}"


class SinkRefused(HardwareError):
    """The host will not start this sink."""

    code = "sink_refused"
    template = "camera {camera!r} does not start {sink}: {reason}"


class AnalyserFailed(HardwareError):
    """An analyser cannot look at the camera's pictures; without it they are not watched."""

    code = "analyser_failed"
    template = "analyser {analyser!r} failed: {reason}"


class ModelRefused(HardwareError):
    """The files of a network cannot be used."""

    code = "model_refused"
    template = "network {model!r} cannot be used: {reason}"


class StreamUnsupported(HardwareError):
    """This machine cannot send a stream of that kind."""

    code = "stream_unsupported"
    template = "streams of kind {kind} cannot be sent from here: {reason}"


class JobFailed(HardwareError):
    """A one-shot file job ended without a result."""

    code = "job_failed"
    template = "file job {job!r} failed: {reason}"


def revive(code: str, message: str) -> HardwareError:
    """The error that crossed the process border as `code` and `message`; a plain HardwareError for an unknown code."""
    kinds = {kind.code: kind for kind in _kinds(HardwareError)}
    kind = kinds.get(code, HardwareError)
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.fields = {}
    return error


def _kinds(base: type[HardwareError]) -> Iterator[type[HardwareError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)
