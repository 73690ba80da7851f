"""One connection to a network camera, from its first packet to its end; runs in the thread of a `Feed`."""

import errno
import time
from collections.abc import Iterator
from itertools import chain, pairwise
from statistics import median
from typing import NamedTuple

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from hardware.errors import CameraUnavailable, FormatUnsupported
from hardware.models import Codec, Format, Packet
from hardware.sources.annexb import LONGEST_SIDE, MOST_PIXELS, ParameterSets
from hardware.sources.feed import Feed
from hardware.sources.net.address import Place
from hardware.sources.net.allocation import bound_allocations
from hardware.sources.net.times import ArrivalTimes, PlayoutTimes
from hardware.sources.sizes import picture_size
from hardware.v4l2.pictures import BrokenPicture, measure_jpeg
from hardware.watchdog import STALL_AFTER

CONNECT_SECONDS = 8.0
SEGMENT_SECONDS = 30.0
"""How long the next piece of an HLS stream may take."""

MAX_PICTURE_BYTES = 16 << 20
_TOO_LONG = f"it sent a picture of more than {MAX_PICTURE_BYTES >> 20} MiB"
_SETTLE_NS = 200_000_000
"""How long pictures are held back at the start: those that were waiting come at once and were taken before."""

_MEASURE_NS = 600_000_000
"""The same, for streams that do not tell their rate."""

_NS = 1_000_000_000
_UNDER_TLS = ("https:", "rtsps:", "rtmps:")
_ANNEX_B = {Codec.H264: "h264_mp4toannexb", Codec.HEVC: "hevc_mp4toannexb"}
_UNTIMED = "mpjpeg"
"""The demuxer that makes times and a rate up."""

_HIGHEST_RATE = 240.0
_NO_B_FRAMES = "pictures must come in the order in which they are shown; turn B-frames off in the camera"


class Arrived(NamedTuple):
    """A picture with the stream's own time (ns, None without), and when it came (CLOCK_MONOTONIC ns)."""

    data: bytes
    key: bool
    pts_ns: int | None
    arrival_ns: int
    sequence: int


def play(place: Place, feed: Feed) -> None:
    """Connects and passes everything on to `feed` until it is stopped. Raises CameraUnavailable, FormatUnsupported."""
    silent = SEGMENT_SECONDS if place.form == "hls" else STALL_AFTER
    timeout = (CONNECT_SECONDS, silent)
    bound_allocations()
    try:
        # Cameras tell their names in any encoding.
        with av.open(
            place.url, "r", format=place.form, options=place.options, timeout=timeout, metadata_errors="replace"
        ) as container:
            Connection(container, place, feed).run()
    except av.error.MemoryError:
        raise _unavailable(place, _TOO_LONG) from None
    except av.error.ExitError:
        raise _unavailable(place, "it does not answer in time, or stopped sending") from None
    except av.error.HTTPUnauthorizedError:
        raise _unavailable(place, "it refuses user or password; keep it with `cuelight camera secret`") from None
    except (av.FFmpegError, OSError) as error:  # without its cause, whose text has the secret
        reason = error.strerror or type(error).__name__
        if error.errno == errno.EIO and place.shown.startswith(_UNDER_TLS):
            reason += " (a certificate that is not trusted? the options are ca_file and verify)"
        raise _unavailable(place, reason) from None


class Connection:
    """What comes over one open connection. Raises what `play` does."""

    def __init__(self, container: InputContainer, place: Place, feed: Feed) -> None:
        self._container = container
        self._place = place
        self._feed = feed
        self._video = self._choose_stream()
        self._codec = self._examine()
        self._order = DecodingOrder()
        self._sets: ParameterSets | None = None
        self._filter: BitStreamFilterContext | None = None
        self._size: tuple[int, int] | None = None
        if self._codec in _ANNEX_B:
            self._sets = ParameterSets(self._codec, _annex_b_header(self._video))
            self._filter = BitStreamFilterContext(_ANNEX_B[self._codec], self._video)

    def run(self) -> None:
        """Passes pictures on, from the first key frame to the end."""
        arrivals = self._arrivals()
        declared = self._declared_rate()
        held = self._hold(arrivals, enough=1 if declared else 3)
        if len(held) < (1 if declared else 2) or self._size is None:
            return
        rate = declared or _measured_rate(held)
        width, height = self._size
        granted = Format(codec=self._codec, width=width, height=height, rate=rate)
        self._feed.grant(granted)
        times = self._times(held, rate)
        for arrived in chain(held, arrivals):
            mono_ns = times.stamp(arrived.pts_ns, arrived.arrival_ns)
            if isinstance(times, PlayoutTimes):
                self._feed.stopping.wait(max(0, mono_ns - time.monotonic_ns()) / _NS)
            self._feed.put(Packet(arrived.data, self._codec, width, height, mono_ns, arrived.sequence, arrived.key))

    def _choose_stream(self) -> VideoStream:
        video = self._container.streams.best("video")
        if not isinstance(video, VideoStream):
            raise _unavailable(self._place, "it sends no pictures")
        for stream in self._container.streams:
            if stream.index != video.index:
                stream.discard = Discard.all  # the other variants of a playlist need not be fetched
        return video

    def _examine(self) -> Codec:
        name = self._video.codec_context.name
        if name not in (Codec.H264, Codec.HEVC, Codec.MJPEG):
            raise _unsupported(self._place, name, "it must send h264, hevc or mjpeg")
        if self._video.codec_context.has_b_frames:
            raise _unsupported(self._place, f"{name} with B-frames", _NO_B_FRAMES)
        return Codec(name)

    def _declared_rate(self) -> float:
        """Frames per second as the stream says; 0 when it does not, or the demuxer made it up."""
        rate = float(self._video.average_rate or self._video.guessed_rate or 0)
        return rate if self._place.form != _UNTIMED and 0 < rate <= _HIGHEST_RATE else 0.0

    def _hold(self, arrivals: Iterator[Arrived], enough: int) -> list[Arrived]:
        """The first pictures: what had been waiting at the other end, and as many as tell the rate."""
        held: list[Arrived] = []
        settle_ns = {"hls": 0, _UNTIMED: _MEASURE_NS}.get(self._place.form, _SETTLE_NS)
        for arrived in arrivals:
            held.append(arrived)
            if len(held) >= enough and arrived.arrival_ns - held[0].arrival_ns >= settle_ns:
                break
        return held

    def _times(self, held: list[Arrived], rate: float) -> ArrivalTimes | PlayoutTimes:
        interval_ns = round(_NS / rate)
        if self._place.form == "hls":
            return PlayoutTimes(interval_ns)
        if len(held) > 1 and held[0].pts_ns is None and held[1].pts_ns is not None:  # usual with RTSP
            held[0] = held[0]._replace(pts_ns=held[1].pts_ns - interval_ns)
        times = ArrivalTimes()
        for arrived in held:
            times.look_at(arrived.pts_ns, arrived.arrival_ns)
        return times

    def _arrivals(self) -> Iterator[Arrived]:
        sequence = -1
        begun = False
        for packet in self._packets():
            arrival_ns = time.monotonic_ns()
            if self._feed.stopping.is_set():
                return
            if packet.size == 0:  # PyAV's mark of the end
                continue
            if packet.size > MAX_PICTURE_BYTES:
                raise _unavailable(self._place, _TOO_LONG)
            sequence += 1
            key, pts_ns = packet.is_keyframe, self._order.check(packet, self._place)
            data = self._whole(packet, key) if key or begun else b""
            if data:
                begun = True
                yield Arrived(data, key, pts_ns, arrival_ns, sequence)

    def _packets(self) -> "Iterator[av.Packet[VideoStream]]":
        arrived = False
        try:
            for packet in self._container.demux(self._video):
                arrived = True
                yield packet
        except av.error.ExitError:
            if arrived or self._place.form != _UNTIMED:
                raise
            # The library may have given up a picture that was too long while it looked at the stream, and says nothing.
            raise _unavailable(self._place, f"no whole picture came in time, or {_TOO_LONG}") from None

    def _whole(self, packet: "av.Packet[VideoStream]", key: bool) -> bytes:
        """The picture as sinks take it; empty for a broken one, which then is a gap."""
        if packet.is_corrupt:
            return b""
        if self._sets is None or self._filter is None:
            return self._whole_jpeg(bytes(packet))
        data = b"".join(bytes(part) for part in self._filter.filter(packet))
        if not key:
            return data
        before = self._sets.size_set
        data = self._sets.in_front_of(data)
        if self._size is None or self._sets.size_set != before:
            # Not every key frame decodes alone: one that refreshes the picture bit by bit does not.
            size = picture_size(self._codec, data) or self._size or (self._video.width, self._video.height)
            if not all(size):
                return b""
            self._take_size(size)
        return data

    def _whole_jpeg(self, data: bytes) -> bytes:
        try:
            extent = measure_jpeg(data)
        except BrokenPicture:
            return b""
        self._take_size((extent.width, extent.height))
        return data[: extent.length]

    def _take_size(self, size: tuple[int, int]) -> None:
        if size[0] * size[1] > MOST_PIXELS or max(size) > LONGEST_SIDE:
            raise _unavailable(self._place, f"pictures of {size[0]}x{size[1]} are too large")
        if self._size is not None and size != self._size:
            raise _unavailable(self._place, f"its pictures are {size[0]}x{size[1]} now: it is opened anew")
        self._size = size


class DecodingOrder:
    """Tells a picture's time, and notices pictures that are not sent in the order in which they are shown."""

    def __init__(self) -> None:
        self._dts = self._pts = -(1 << 63)

    def check(self, packet: "av.Packet[VideoStream]", place: Place) -> int | None:
        """The stream's time of the packet (ns), None without one. Raises FormatUnsupported."""
        if place.form == _UNTIMED or packet.pts is None or packet.time_base is None:
            return None
        dts = packet.pts if packet.dts is None else packet.dts
        if packet.pts < self._pts and dts > self._dts:
            raise _unsupported(place, "B-frames", _NO_B_FRAMES)
        self._pts, self._dts = packet.pts, dts
        return int(packet.pts * packet.time_base * _NS)


def _measured_rate(held: list[Arrived]) -> float:
    """Frames per second by the usual distance of pictures, in the stream's times where it has them; whole ones."""
    known = [arrived.pts_ns for arrived in held if arrived.pts_ns is not None]
    moments = known if len(known) > 1 else [arrived.arrival_ns for arrived in held]
    distance_ns = median(after - before for before, after in pairwise(moments))
    rate = min(_NS / max(1, distance_ns), _HIGHEST_RATE)
    return float(round(rate)) if rate >= 1 else rate


def _annex_b_header(video: VideoStream) -> bytes:
    """Parameter sets of the stream's description; those between lengths come through the filter instead."""
    extradata = video.codec_context.extradata or b""
    return extradata if extradata.startswith((b"\0\0\1", b"\0\0\0\1")) else b""


def _unavailable(place: Place, reason: str) -> CameraUnavailable:
    return CameraUnavailable(camera=place.camera, reason=f"{place.shown}: {place.clean(reason)}")


def _unsupported(place: Place, asked: str, reason: str) -> FormatUnsupported:
    return FormatUnsupported(camera=place.camera, asked=asked, reason=reason)
