"""A camera behind a network: RTSP, RTMP, HTTP MJPEG, HLS."""

from hardware.models import CameraInfo, Format
from hardware.models.address import shown_address
from hardware.sources.feed import FedSource
from hardware.sources.net.address import place_of
from hardware.sources.net.connection import play

OPEN_SECONDS = 20.0
"""For connecting, looking at the stream, and its first key frame: less than the host's patience."""

_END_SECONDS = 5.0
"""For the connection before to end."""


class NetworkSource(FedSource):
    """Implements `hardware.camera.Source` for `rtsp(s)://`, `rtmp(s)://`, and over `http(s)://` HLS where the path ends
    in `.m3u8`, else MJPEG (multipart/x-mixed-replace).

    It has the one format that the camera is set to, known once it is open: H.264 or HEVC in Annex B with parameter sets
    in front of every key frame, or JPEGs. Streams with B-frames are refused. Time stamps are the stream's own on our
    clock (`net.times`), for MJPEG the arrival, for HLS the moment at which a picture is due. Options: `transport` (of
    RTSP: tcp, udp, multicast, http), `ca_file` and `verify` (of TLS: a file with authorities; yes or no).
    """

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
        self._await_end(_END_SECONDS, "the connection before does not end")
        return self._begin(lambda feed: play(place, feed), OPEN_SECONDS)
