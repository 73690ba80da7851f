"""Where a stream goes: from the parameters of an event to an address, and what of it people may see. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from agent.errors import BadParameter
from agent.running import Parameters
from presets_store.redaction import HIDDEN

Kind = Literal["rtmp", "rtsp", "whip", "udp", "srt", "hls"]

SCHEMES: Mapping[str, Kind] = MappingProxyType(
    {
        "rtmp": "rtmp",
        "rtmps": "rtmp",
        "rtsp": "rtsp",
        "rtsps": "rtsp",
        "whip+http": "whip",
        "whip+https": "whip",
        "http": "whip",
        "https": "whip",
        "udp": "udp",
        "srt": "srt",
        "hls": "hls",
    }
)
"""What an address may begin with."""

RIGHT_URL = "rtmp[s]://, rtsp[s]://, http[s]:// (WHIP), srt://host:port, udp://host:port, or hls:name"
LONGEST_URL = 2048

_HLS_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_IN_URL = re.compile(r"[\x00-\x20\x7f]")
_KEPT = "/?:@!$&'()*+,;=-._~%[]#"
"""Characters of stream names and keys that stay as they are: RTMP servers compare them without decoding."""


@dataclass(frozen=True, slots=True)
class Target:
    """`url` and `token` may be secret, `label` is for people."""

    kind: Kind
    url: str = field(repr=False)
    label: str
    token: str = field(default="", repr=False)


def rtmp_target(parameters: Parameters) -> Target:
    """rtmp://server[:port]/streamName/streamKey; the server may bring a scheme, a port and a path. Raises BadParameter.

    The key is not in the label, nor is anything behind a question mark.
    """
    server = parameters.get("server", "").strip()
    if not server:
        raise BadParameter(field="server", wrong=server, right="the name of an RTMP server, or give a url")
    parts = _split(server if "://" in server else f"rtmp://{_bracketed(server)}", "server")
    if parts.scheme not in ("rtmp", "rtmps"):
        raise BadParameter(field="server", wrong=f"{parts.scheme}://...", right="a name, rtmp:// or rtmps://")
    port = _port(parts, parameters.get("port", 0))
    name, key = (quote(parameters.get(member, "").strip("/"), safe=_KEPT) for member in ("streamName", "streamKey"))
    path = "/".join(piece for piece in (parts.path.strip("/"), name, key) if piece)
    if not path:
        raise BadParameter(field="streamName", wrong="", right="the name of the server's application")
    host = _host(parts) + (f":{port}" if port else "")
    shown = "/".join(piece for piece in (parts.path.strip("/"), name.partition("?")[0]) if piece)
    label = f"{parts.scheme}://{host}/{shown}" + (f"/{HIDDEN}" if key else "")
    return Target("rtmp", f"{parts.scheme}://{_credentials(parts)}{host}/{path}", label)


def srt_target(parameters: Parameters) -> Target:
    """The whole address `publishURL`; `streamPath` names the stream where the address does not. Raises BadParameter."""
    url = parameters.get("publishURL", "").strip()
    parts = _split(url, "publishURL")
    if parts.scheme != "srt":
        raise BadParameter(field="publishURL", wrong=f"{parts.scheme}://...", right="srt://host:port")
    path = parameters.get("streamPath", "")
    if path and "streamid=" not in parts.query:
        query = "&".join(piece for piece in (parts.query, urlencode({"streamid": f"publish:{path}"})) if piece)
        parts = parts._replace(query=query)
    return _with_port(parts, "srt", "publishURL")


def udp_target(parameters: Parameters) -> Target:
    """MPEG-TS to `receiverIPAddress` and `port`. Raises BadParameter."""
    address = parameters.get("receiverIPAddress", "").strip()
    if not address:
        raise BadParameter(field="receiverIPAddress", wrong=address, right="an IP address or a name, or give a url")
    port = parameters.get("port", 0)
    return _with_port(_split(f"udp://{_bracketed(address)}:{port or ''}", "receiverIPAddress"), "udp", "port")


def url_target(url: str, token: str, hls_folder: Path) -> Target:
    """A whole address of any kind; `hls:name` is a folder in `hls_folder`. Raises BadParameter without secrets."""
    scheme = url.partition(":")[0].lower()
    kind = SCHEMES.get(scheme)
    if kind is None:
        raise BadParameter(field="url", wrong=f"{scheme[:16]}:...", right=RIGHT_URL)
    if token and kind != "whip":
        raise BadParameter(field="token", wrong=HIDDEN, right="it with a WHIP address only")
    if kind == "hls":
        return _hls(url.partition(":")[2], hls_folder)
    parts = _split(url, "url")
    if kind in ("srt", "udp"):
        return _with_port(parts, kind, "url")
    if kind == "whip":
        parts = parts._replace(scheme=scheme.removeprefix("whip+"))
        label = f"{parts.scheme}://{_host_port(parts)}/{HIDDEN}"
        return Target("whip", parts.geturl(), label, token)
    _port(parts, 0)
    shown = parts.path if kind == "rtsp" else parts.path.rpartition("/")[0] + f"/{HIDDEN}"
    return Target(kind, parts.geturl(), f"{scheme}://{_host_port(parts)}{shown}")


OWN: Mapping[int, Callable[[Parameters], Target]] = MappingProxyType(
    {14: rtmp_target, 32: rtmp_target, 64: srt_target, 43: udp_target}
)
"""By event type: how its own parameters name a target."""


def target_of(event_type_id: int, parameters: Parameters, hls_folder: Path) -> Target:
    """Where the event's stream goes: `url`, else what the type's own parameters say. Raises BadParameter."""
    url, token = parameters.get("url", "").strip(), parameters.get("token", "")
    if _NOT_IN_URL.search(token):
        raise BadParameter(field="token", wrong=HIDDEN, right="a token without blanks")
    if url:
        return url_target(url, token, hls_folder)
    if token:
        raise BadParameter(field="token", wrong=HIDDEN, right="it with a WHIP address in url only")
    return OWN[event_type_id](parameters)


def _hls(name: str, hls_folder: Path) -> Target:
    if not _HLS_NAME.fullmatch(name):
        raise BadParameter(field="url", wrong=f"hls:{name[:64]}", right="hls: and a name of letters, digits, - and _")
    return Target("hls", str(hls_folder / name), f"hls:{name}")


def _with_port(parts: SplitResult, kind: Literal["srt", "udp"], member: str) -> Target:
    if not _port(parts, 0):
        raise BadParameter(field=member, wrong="an address without a port", right=f"{kind}://host:port")
    return Target(kind, parts.geturl(), f"{kind}://{_host_port(parts)}")


def _split(url: str, member: str) -> SplitResult:
    """Raises BadParameter for what is no address with a host."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname)
    except ValueError:
        named = False
    if not named or len(url) > LONGEST_URL or _NOT_IN_URL.search(url):
        raise BadParameter(field=member, wrong="not an address", right=RIGHT_URL)
    return parts


def _port(parts: SplitResult, asked: int) -> int:
    """The port of the address, or `asked`; 0 is the scheme's own. Raises BadParameter."""
    try:
        own = parts.port or 0
    except ValueError:
        raise BadParameter(field="port", wrong="no number of 1 to 65535", right="a port") from None
    if own and asked and own != asked:
        raise BadParameter(field="port", wrong=asked, right=f"{own}, as the address says, or leave it out")
    return own or asked


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def _host_port(parts: SplitResult) -> str:
    port = _port(parts, 0)
    return _host(parts) + (f":{port}" if port else "")


def _credentials(parts: SplitResult) -> str:
    before, at, _ = parts.netloc.rpartition("@")
    return before + at


def _bracketed(server: str) -> str:
    """An IPv6 address in brackets; anything else as it is."""
    return f"[{server}]" if server.count(":") > 1 and not server.startswith("[") else server
