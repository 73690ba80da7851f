"""A real RTSP server: GStreamer's, in Debian's own Python, on loopback."""

import subprocess
from pathlib import Path

import pytest
from fakes.programs import Program, free_port, listens

_PYTHON = "/usr/bin/python3"
_NEEDS = "import gi; gi.require_version('GstRtspServer', '1.0')"
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
PACKAGES += " gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"

_PROGRAM = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

port, user, password, launch = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
factory = GstRtspServer.RTSPMediaFactory(launch=launch, shared=True)
if user:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtspServer.RTSPAuthMethod.DIGEST if hasattr(GstRtspServer, "RTSPAuthMethod") else 2)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    allowed = GstRtspServer.RTSPPermissions()
    allowed.add_permission_for_role("user", "media.factory.access", True)
    allowed.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(allowed)
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
GLib.MainLoop().run()
"""

H264 = (
    "videotestsrc is-live=true ! video/x-raw,width={width},height={height},framerate={rate}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={gop} {extra}"
    " ! h264parse ! rtph264pay name=pay0 pt=96 config-interval={interval}"
)
HEVC = (
    "videotestsrc is-live=true ! video/x-raw,width={width},height={height},framerate={rate}/1"
    " ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} {extra}"
    " ! h265parse ! rtph265pay name=pay0 pt=96 config-interval={interval}"
)
MJPEG = (
    "videotestsrc is-live=true ! video/x-raw,width={width},height={height},framerate={rate}/1,format=I420"
    " ! jpegenc ! rtpjpegpay name=pay0 pt=26"
)


class RtspServer(Program):
    """`with RtspServer(tmp_path) as server`: one live camera at `.url`, for any number of players.

    With `user` it asks for that and `password` (digest). `launch`: one of the pipelines of this module; H.264 without
    parameter sets in band (`interval` 0: only the description has them).
    """

    def __init__(
        self,
        folder: Path,
        launch: str = H264,
        user: str = "",
        password: str = "",
        *,
        size: tuple[int, int] = (320, 240),
        rate: int = 25,
        gop: int = 10,
        interval: int = 0,
        extra: str = "",
    ) -> None:
        if subprocess.run((_PYTHON, "-c", _NEEDS), capture_output=True, check=False).returncode != 0:
            pytest.fail(f"no RTSP server is installed: install the Debian packages `{PACKAGES}`")
        self.port = free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/cam"
        width, height = size
        pipeline = launch.format(width=width, height=height, rate=rate, gop=gop, interval=interval, extra=extra)
        command = (_PYTHON, "-c", _PROGRAM, str(self.port), user, password, f"( {pipeline} )")
        super().__init__(folder, "rtsp-server", command, lambda: listens(self.port))
