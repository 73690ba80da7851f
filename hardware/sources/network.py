"""A camera behind a network: RTSP, RTMP, HTTP MJPEG, HLS."""

from hardware.camera import Source
from hardware.errors import CameraUnavailable
from hardware.models import CameraInfo, CameraSpec, Format, Packet
from hardware.models.address import shown_address
from hardware.sources.feed import Feed
from hardware.sources.net.address import place_of
from hardware.sources.net.connection import play

OPEN_SECONDS = 20.0
"""For connecting, looking at the stream, and its first key frame: less than the host's patience."""

_END_SECONDS = 5.0
"""For the connection before to end."""

_CLOSE_SECONDS = 0.3
"""A library call that waits for data cannot be cut short: its thread ends a little later, by its own time-out."""


class NetworkSource(Source):
    """Implements `hardware.camera.Source` for `rtsp(s)://`, `rtmp(s)://`, and over `http(s)://` HLS where the path ends
    in `.m3u8`, else MJPEG (multipart/x-mixed-replace).

    It has the one format that the camera is set to, known once it is open: H.264 or HEVC in Annex B with parameter sets
    in front of every key frame, or JPEGs. Streams with B-frames are refused. Time stamps are the stream's own on our
    clock (`net.times`), for MJPEG the arrival, for HLS the moment at which a picture is due. Options: `transport` (of
    RTSP: tcp, udp, multicast, http), `ca_file` and `verify` (of TLS: a file with authorities; yes or no).
    """

    def __init__(self, spec: CameraSpec) -> None:
        self._spec = spec
        self._feed: Feed | None = None
        self._ending: Feed | None = None
        self._format: Format | None = None

    def probe(self) -> CameraInfo:
        """The format of the last `open`, none before it: asking the camera costs as much as opening it."""
        return CameraInfo(
            name=self._spec.name,
            backend="network",
            address=shown_address(self._spec.address),
            live=True,
            formats=(self._format,) if self._format else (),
        )

    def open(self, wanted: Format | None) -> Format:  # noqa: ARG002 - the camera's own settings choose
        """Connects; up to OPEN_SECONDS to its first key frame. Raises CameraUnavailable, FormatUnsupported."""
        self.close()
        place = place_of(self._spec)
        if self._ending is not None and not self._ending.stop(_END_SECONDS):
            raise CameraUnavailable(camera=self._spec.camera_id, reason="the connection before does not end")
        feed = self._feed = Feed(self._spec.camera_id, lambda feed: play(place, feed))
        self._format = feed.granted(OPEN_SECONDS)
        return self._format

    def read(self, timeout: float) -> Packet | None:
        """See `Source.read`. Raises CameraUnavailable also when the camera sends nothing for seconds."""
        if self._feed is None:
            raise RuntimeError("read before open")
        return self._feed.read(timeout)

    def close(self) -> None:
        """Ends the connection, at the latest when the library's own time-out is over; never waits for that."""
        if self._feed is not None:
            self._ending = None if self._feed.stop(_CLOSE_SECONDS) else self._feed
            self._feed = None

    def note(self, consumer: str, what: str) -> None:
        """A camera keeps no journal."""
