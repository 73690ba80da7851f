"""What a network camera's settings mean to the media library, and which texts may leave the source."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from hardware.errors import CameraUnavailable
from hardware.models import CameraSpec
from hardware.models.address import HIDDEN, address_with, network_address_problem, shown_address
from hardware.sources.annexb import MOST_PIXELS

_TRANSPORTS = {"tcp": "tcp", "udp": "udp", "multicast": "udp_multicast", "http": "http"}
_OPTIONS = ("transport", "ca_file", "verify")
_LOOK_MICROSECONDS = "500000"
"""How much of the stream is looked at for its size and rate before the first picture."""

_SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"

_PROTOCOLS = {
    "rtsp": "tcp,udp,rtp,http",
    "rtsps": "tls,tcp",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "http": "http,https,tls,tcp,crypto",
    "https": "https,tls,tcp,crypto",
}
"""Which protocols may be used on the way, also by what a playlist names or a server redirects to."""

_PLAYLIST_FORMATS = "hls,mpegts,mov,aac,ac3,mp3,webvtt"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how to connect. `url` is secret. `form` is the demuxer's name: rtsp, flv, hls or mpjpeg."""

    camera: str
    shown: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    form: str
    options: dict[str, str]

    def clean(self, text: str) -> str:
        """`text` without anything secret."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return shown_address(text)


def place_of(spec: CameraSpec) -> Place:
    """Reads the settings. Raises CameraUnavailable, naming what is wrong with them."""
    problem = network_address_problem(spec.address) or _option_problem(spec)
    if problem:
        raise CameraUnavailable(camera=spec.camera_id, reason=problem)
    scheme = urlsplit(spec.address).scheme
    form = _form(spec.address)
    url = address_with(spec.address, spec.user, spec.secret)
    escaped = quote(spec.secret, safe="")
    return Place(
        camera=spec.camera_id,
        shown=shown_address(spec.address),
        url=url,
        secrets=tuple(text for text in dict.fromkeys((url, spec.secret, escaped)) if text and text != spec.address),
        form=form,
        options=_library_options(scheme, form, spec.options),
    )


def _form(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme.startswith("rtsp"):
        return "rtsp"
    if parts.scheme.startswith("rtmp"):
        return "flv"
    return "hls" if parts.path.endswith(".m3u8") else "mpjpeg"


def _option_problem(spec: CameraSpec) -> str:
    transport, verify = spec.options.get("transport", "tcp"), spec.options.get("verify", "yes")
    unknown = sorted(set(spec.options) - set(_OPTIONS))
    if unknown:
        return f"option {unknown[0]!r} is unknown; the network backend has {', '.join(_OPTIONS)}"
    if transport not in _TRANSPORTS:
        return f"option transport is {transport!r}; use {', '.join(_TRANSPORTS)}"
    if verify not in ("yes", "no"):
        return f"option verify is {verify!r}; use yes or no"
    authorities = spec.options.get("ca_file", "")
    return f"option ca_file: no file {authorities!r}" if authorities and not Path(authorities).is_file() else ""


def _library_options(scheme: str, form: str, options: dict[str, str]) -> dict[str, str]:
    chosen = {
        "protocol_whitelist": _PROTOCOLS[scheme],
        "analyzeduration": _LOOK_MICROSECONDS,
        "max_pixels": str(MOST_PIXELS),
    }
    if form == "rtsp":
        chosen |= {"rtsp_transport": _TRANSPORTS[options.get("transport", "tcp")], "allowed_media_types": "video"}
    elif form == "flv":
        chosen["rtmp_live"] = "live"
    elif form == "hls":
        chosen["format_whitelist"] = _PLAYLIST_FORMATS
    if "tls" in _PROTOCOLS[scheme]:
        chosen |= _trust(options)
    return chosen


def _trust(options: dict[str, str]) -> dict[str, str]:
    """Certificates are checked unless the settings say no; the library's own default is not to."""
    if options.get("verify") == "no":
        return {"tls_verify": "0"}
    authorities = options.get("ca_file") or _SYSTEM_AUTHORITIES
    return {"tls_verify": "1"} | ({"ca_file": authorities} if Path(authorities).is_file() else {})
