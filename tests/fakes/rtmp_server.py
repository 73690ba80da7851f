"""A real RTMP server: Debian's nginx with its rtmp module, on loopback, and somebody who publishes to it."""

from pathlib import Path

import av
import pytest
from fakes.programs import Program, free_port, listens

from hardware.sources.file import FOOTAGE

_NGINX = Path("/usr/sbin/nginx")
_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")

_SETTINGS = """
daemon off;
master_process off;
load_module {module};
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log info;
events {{ worker_connections 64; }}
rtmp {{
  server {{
    listen 127.0.0.1:{port};
    access_log {folder}/nginx-rtmp.log;
    play_temp_path {folder};
    notify_method get;
    application live {{ live on; wait_key on; wait_video on; {more} }}
  }}
}}
"""


class RtmpServer(Program):
    """`with RtmpServer(tmp_path) as server`: takes one publisher and any number of players per name under `.url`.

    `.url` is `rtmp://127.0.0.1:<port>/live`; a stream is `<url>/<name>`. A second publisher of a name is refused.
    `pause`/`resume`, `kill`, `restart` (same port). `more` goes into the application's block of the configuration.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        if not (_NGINX.exists() and _MODULE.exists()):
            pytest.fail("no RTMP server is installed: install the Debian packages `nginx libnginx-mod-rtmp`")
        self.port = free_port()
        self.url = f"rtmp://127.0.0.1:{self.port}/live"
        settings = folder / "nginx.conf"
        settings.write_text(_SETTINGS.format(module=_MODULE, folder=folder, port=self.port, more=more))
        command = (str(_NGINX), "-p", str(folder), "-e", str(folder / "nginx-error.log"), "-c", str(settings))
        super().__init__(folder, "nginx", command, lambda: listens(self.port))

    def streams(self, name: str, seconds: float = 5.0) -> bool:
        """Whether a player gets a picture of the stream `name` within `seconds`."""
        options = {"analyzeduration": "100000", "fpsprobesize": "0"}
        try:
            with av.open(f"{self.url}/{name}", format="flv", timeout=seconds, options=options) as stream:
                return any(packet.size for packet in stream.demux(video=0))
        except av.FFmpegError:
            return False


class Publisher(Program):
    """`with Publisher(tmp_path, url)`: ffmpeg sends the footage (10 fps, H.264, a key frame each 2 s) in a loop."""

    def __init__(self, folder: Path, url: str, footage: Path = FOOTAGE, form: str = "flv") -> None:
        source = ("-re", "-stream_loop", "-1", "-i", str(footage))
        command = ("ffmpeg", "-nostdin", "-v", "info", *source, "-an", "-c", "copy", "-f", form, url)
        super().__init__(folder, "publisher", command, lambda: "frame=" in self.log())
