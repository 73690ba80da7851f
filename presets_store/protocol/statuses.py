"""Event and media statuses and kinds (event-types.md sections 2 and 5)."""

from enum import IntEnum


class EventStatus(IntEnum):
    """`eventStatus` on the wire."""

    PENDING = 1
    CHECKED_OUT = 2
    PROCESSING = 3
    COMPLETE = 4
    ERROR = 5
    TIMED_OUT = 6
    CANCELLED = 7

    @property
    def terminal(self) -> bool:
        return self >= EventStatus.COMPLETE

    @property
    def wire_name(self) -> str:
        """`eventStatusName`, for example `Checked_out`."""
        return self.name.capitalize()


class MediaStatus(IntEnum):
    """`videoClipStatus`, `imageStatus`, `audioClipStatus` and file status."""

    ANNOUNCED = 1
    TRANSFERRING = 2
    ENCODING = 3
    FILE_AVAILABLE = 4
    ANNOUNCED_BUT_MISSING = 5
    HIGHLIGHTED = 6

    @property
    def wire_name(self) -> str:
        """For example `File_available`."""
        return self.name.capitalize()


class VideoClipType(IntEnum):
    """`videoClipTypeID`."""

    ORIGINAL = 1
    CONCATENATED = 2
    EXTRACTED = 3

    @property
    def wire_name(self) -> str:
        """For example `Original_clip`."""
        return f"{self.name.capitalize()}_clip"


class StreamType(IntEnum):
    """`streamTypeID`."""

    ACTION_SYNC = 1
    WEB_RTC = 2
    RTP_RTSP = 3
    HLS = 4
    DASH = 5
    RTMP = 6
    SRT = 7

    @property
    def wire_name(self) -> str:
        """`streamType` on the wire, for example `ActionSync`."""
        return {StreamType.ACTION_SYNC: "ActionSync", StreamType.WEB_RTC: "WebRTC"}.get(self, self.name)
