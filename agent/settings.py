"""The settings: one typed tree, validated whole; `agent.setup.loading` reads it from files.

The environment wins over them: `CUELIGHT_API__PORT=9000` is `port` in `[api]`.
"""

import os
import re
import socket
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from agent.seeing.settings import ScriptsSettings, VisionSettings
from agent.sizes import Size
from agent.update.settings import UpdateSettings
from agent.upstream.uploads.addresses import is_safe
from agent.upstream.uploads.hours import read_hours
from hardware.models import BackendName, CameraSpec, ControlValue, Format
from hardware.models.address import network_address_problem
from presets_store.credentials import key_file
from presets_store.process.settings import LOOPBACK, ClockSettings, RootUrl, Section, Tree

SLOWEST_RATE = 1000
"""Bytes per second: with less a receiver takes the sender for gone."""


class DeviceSettings(Section):
    """Who this box is. An empty `serial` is read from the board, else derived from the machine id.

    `supervised`: something other than systemd starts the agent again when it ends.
    """

    name: str = Field(default_factory=socket.gethostname, max_length=128)
    serial: str = Field(default="", max_length=128)
    supervised: bool = False


class ApiSettings(Section):
    """The local API. An empty `socket` is `api.sock` in the state folder; `port` 0 takes a free one.

    `public_url`: where others reach it, as the addresses of files name it; empty: where it listens.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8788, ge=0, le=65535)
    socket: str = ""
    public_url: RootUrl = ""

    @field_validator("host")
    @classmethod
    def _loopback_only(cls, host: str) -> str:
        if host not in LOOPBACK:
            raise ValueError(f"only loopback is served without TLS: use one of {', '.join(sorted(LOOPBACK))}")
        return host


class MediaSettings(Section):
    """Where recordings go, and how much may lie there. An empty `folder` is `media` in the state folder.

    `uploads`: where files lie that are sent here; empty: `uploads` in the state folder.
    `max_size` and `max_age_days`: 0 is no limit. `min_free`: what stays free on its file system; None is the smaller of
    1 GB and 5 %.
    """

    folder: str = ""
    uploads: str = ""
    max_size: Size = 0
    min_free: Size | None = None
    max_age_days: float = Field(default=0.0, ge=0, le=36_500)


class CameraSettings(Section):
    """One camera. `backend` names the source; `address` is its device, file or URL; `options` are the backend's own;
    `controls` are the camera's, by name, set at each opening; `microphone` is an ALSA device.

    `wait_seconds` is how long an action waits for a camera that is not there before it ends as Error. `share`: the part
    of the media folder's maximum size, else of the disk, that its files may take; 0 is no limit.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    name: str = ""
    backend: BackendName = "auto"
    address: str = ""
    user: str = Field(default="", max_length=256)
    options: dict[str, str] = Field(default_factory=dict)
    controls: dict[str, ControlValue] = Field(default_factory=dict)
    microphone: str = Field(default="", max_length=256)
    keep_warm: bool = False
    ring_seconds: float = Field(default=2.0, ge=0, le=60)
    wait_seconds: float = Field(default=30.0, ge=0, le=86400)
    share: float = Field(default=0.0, ge=0, le=1)
    prefer: Format | None = None

    @model_validator(mode="after")
    def _network_address(self) -> Self:
        problem = network_address_problem(self.address) if self.backend == "network" else ""
        if problem:
            raise ValueError(problem)
        if self.user and self.backend != "network":
            raise ValueError(f"user is for the backend 'network', not for {self.backend!r}")
        return self

    @model_validator(mode="after")
    def _controls_of_a_camera(self) -> Self:
        if self.controls and self.backend not in ("auto", "v4l2", "rpicam"):
            raise ValueError(f"controls are for the backends 'auto', 'v4l2' and 'rpicam', not for {self.backend!r}")
        return self

    def spec(self, secret: str = "") -> CameraSpec:
        """The same as the camera host takes it, with the secret that the settings do not have."""
        return CameraSpec(
            camera_id=self.id,
            name=self.name or self.id,
            backend=self.backend,
            address=self.address,
            user=self.user,
            secret=secret,
            options=self.options,
            controls=self.controls,
            microphone=self.microphone,
            ring_seconds=self.ring_seconds,
            prefer=self.prefer,
        )


class SoundSettings(Section):
    """`microphone`: the ALSA device of sound recordings (`Audio_Start_recording`); empty: the first that captures.

    The sound of a camera's recordings is that of the camera's own `microphone`.
    """

    microphone: str = Field(default="", max_length=256)


def _pin(text: str) -> str:
    """The 64 hexadecimal digits of a pin, which may have colons, or be as curl and browsers write them."""
    plain = text.strip()
    if plain.startswith("sha256/"):
        try:
            plain = b64decode(plain.removeprefix("sha256/").removeprefix("/"), validate=True).hex()
        except ValueError:
            plain = ""
    plain = plain.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", plain):
        raise ValueError("give the SHA-256 of a public key: 64 hexadecimal digits, or sha256//BASE64")
    return plain


Pin = Annotated[str, AfterValidator(_pin)]


def upstream_root(url: str) -> str:
    """The address of an upstream without a final slash, "" for none. Raises ValueError."""
    parts = urlsplit(url)
    if url and (not parts.hostname or parts.port == 0):  # a port beyond 65535 is a ValueError itself
        raise ValueError("give https://host/ or https://host:port/")
    if url and not is_safe(url):
        raise ValueError("give https://host/ (plain http is accepted on loopback only)")
    if parts.username is not None:
        raise ValueError("requests are signed: give access_key and secret_key, and no user in the address")
    return url.rstrip("/")


class UpstreamSettings(Section):
    """Where events are fetched from and outcomes reported to. Without a `url` nothing leaves the device.

    `ca_file`: PEM file of the only authorities that count for it. `client_certificate`, `client_key`: PEM files, shown
    to a server that asks; the key may be in the former. `pin`: SHA-256 of the server's public key, one of which must
    fit. `proxy`: an HTTP proxy on the way.

    `keep_reports`: how much of logs and health may wait on the disk for the upstream; outcomes have no limit.
    `rotate_after_days`: a key from an enrolment is changed for another when it is so old; 0: never.
    """

    url: str = ""
    access_key: str = Field(default="", max_length=256)
    secret_key: SecretStr = SecretStr("")
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    pin: tuple[Pin, ...] = ()
    proxy: SecretStr = SecretStr("")
    keep_reports: Size = 32_000_000
    rotate_after_days: float = Field(default=0.0, ge=0, le=36_500)

    @field_validator("url")
    @classmethod
    def _root_url(cls, url: str) -> str:
        return upstream_root(url)

    @field_validator("proxy")
    @classmethod
    def _http_proxy(cls, proxy: SecretStr) -> SecretStr:
        url = proxy.get_secret_value()
        try:
            parts = urlsplit(url)
            usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:  # whose text has what may be a password
            usable = False
        if url and (not usable or parts.path not in ("", "/") or parts.query or parts.fragment):
            raise ValueError("give http://host:port/, with user:password@ before the host if the proxy wants them")
        return proxy

    @model_validator(mode="after")
    def _key_of_a_certificate(self) -> Self:
        if self.client_key and not self.client_certificate:
            raise ValueError("client_key is the key of a client_certificate: name that, too")
        return self


class UploadsSettings(Section):
    """What goes to the upstream of clips, photos and sounds.

    `auto`: those of its own events, and all while the device's record there has `autoSendFiles`; `on_request`: it is
    told of all, and asks for what it wants; `never`: nothing. `rate`: bytes per second, 0 for no limit. `hours` of the
    day, "" for all, and `metered` hold up what nobody asked for.
    """

    policy: Literal["auto", "on_request", "never"] = "auto"
    rate: Size = 0
    hours: str = ""
    metered: Literal["pause", "send"] = "pause"

    @field_validator("rate")
    @classmethod
    def _usable_rate(cls, rate: int) -> int:
        if 0 < rate < SLOWEST_RATE:
            raise ValueError(f"give at least {SLOWEST_RATE} bytes per second, or 0 for no limit")
        return rate

    @field_validator("hours")
    @classmethod
    def _hours_of_the_day(cls, hours: str) -> str:
        read_hours(hours)
        return hours


class StartupSettings(Section):
    """`grace` (s): how long the upstream may take to answer at start before the device goes its own way."""

    grace: float = Field(default=15.0, ge=0, le=120)


class MendingSettings(Section):
    """What may be done about a camera that stopped: `usb_resets` of its device and `reboots` of the box, per day.

    0: never.
    """

    usb_resets: int = Field(default=4, ge=0, le=100)
    reboots: int = Field(default=0, ge=0, le=24)


def default_state_folder() -> Path:
    """The folder that systemd gives a service, else `$XDG_STATE_HOME/cuelight`, else `~/.local/state/cuelight`."""
    if service := os.environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(service)
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "cuelight"


class Settings(Tree):
    """The whole tree. `state_mount`: where something must be mounted before the state folder is touched."""

    model_config = SettingsConfigDict(
        env_prefix="CUELIGHT_", env_nested_delimiter="__", extra="forbid", frozen=True, populate_by_name=True
    )

    state_folder: Path = Field(default_factory=default_state_folder)
    state_mount: Path | None = None
    device: DeviceSettings = Field(default_factory=DeviceSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    media: MediaSettings = Field(default_factory=MediaSettings)
    cameras: tuple[CameraSettings, ...] = Field(
        default=(CameraSettings(id="main", name="Main camera"),), min_length=1, max_length=16
    )
    sound: SoundSettings = Field(default_factory=SoundSettings)
    clock: ClockSettings = Field(default_factory=ClockSettings)
    upstream: UpstreamSettings = Field(default_factory=UpstreamSettings)
    uploads: UploadsSettings = Field(default_factory=UploadsSettings)
    startup: StartupSettings = Field(default_factory=StartupSettings)
    mending: MendingSettings = Field(default_factory=MendingSettings)
    update: UpdateSettings = Field(default_factory=UpdateSettings)
    scripts: ScriptsSettings = Field(default_factory=ScriptsSettings)
    vision: VisionSettings = Field(default_factory=VisionSettings)

    @field_validator("cameras")
    @classmethod
    def _unique_ids(cls, cameras: tuple[CameraSettings, ...]) -> tuple[CameraSettings, ...]:
        ids = [camera.id for camera in cameras]
        if len(set(ids)) < len(ids):
            raise ValueError(f"each camera needs an id of its own; given are {', '.join(ids)}")
        return cameras

    @property
    def media_folder(self) -> Path:
        return Path(self.media.folder) if self.media.folder else self.state_folder / "media"

    @property
    def uploads_folder(self) -> Path:
        """Files that were sent here by others, through the API."""
        return Path(self.media.uploads) if self.media.uploads else self.state_folder / "uploads"

    @property
    def socket_path(self) -> Path:
        return Path(self.api.socket) if self.api.socket else self.state_folder / "api.sock"

    @property
    def database_file(self) -> Path:
        return self.state_folder / "cuelight.db"

    @property
    def seal_key_file(self) -> Path:
        return key_file(self.state_folder / "seal.key")

    @property
    def sealed_folder(self) -> Path:
        """The sealed cache: what must be readable without the database."""
        return self.state_folder / "sealed"

    @property
    def run_folder(self) -> Path:
        """Locks of the agent and of its camera hosts."""
        return self.state_folder / "run"

    @property
    def hls_folder(self) -> Path:
        """HLS streams, served under `/v1/camera/{camera}/hls/`: `<camera id>/<name of the stream>/<its files>`."""
        memory = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]  # systemd's, which wears no flash
        return (Path(memory) if memory else self.run_folder) / "hls"
