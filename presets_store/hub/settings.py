"""The settings of a hub: one typed tree from a TOML file and the environment, validated whole.

The environment wins over the file: `CUELIGHT_HUB_LISTEN__PORT=9000` is `port` in `[listen]`.
"""

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from presets_store.credentials import key_file
from presets_store.process.settings import LOOPBACK, ClockSettings, RootUrl, Section, Tree, checked, read_file
from presets_store.rules.places import place_problem


class ListenSettings(Section):
    """Where requests come in; `port` 0 takes a free one. `behind_proxy`: the proxies that may ask in plain HTTP."""

    host: str = "127.0.0.1"
    port: int = Field(default=8789, ge=0, le=65535)
    cert: str = ""
    key: str = ""
    behind_proxy: tuple[IPvAnyNetwork, ...] = ()

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key belong together: give the files of both")
        if self.host not in LOOPBACK and not self.cert and not self.behind_proxy:
            raise ValueError(
                f"{self.host} is not loopback: give cert and key, or name in behind_proxy the proxies that have them"
            )
        return self


class BucketSettings(Section):
    """An S3-compatible bucket. `endpoint` "": Amazon's of the region. `folder` stands before all names in it.

    `path_style`: `https://host/bucket/` instead of `https://bucket.host/`, as most others than Amazon want it.
    """

    name: str = Field(min_length=3, max_length=255)
    access_key: str
    secret_key: SecretStr
    region: str = "us-east-1"
    endpoint: str = ""
    folder: str = ""
    path_style: bool = False


class FilesSettings(Section):
    """Where files that are sent here go: into `bucket`, else into `folder` ("": `files` in the state folder).

    `shared`: the folder is on a file system that all replicas share.
    """

    folder: str = ""
    shared: bool = False
    bucket: BucketSettings | None = None


class LimitSettings(Section):
    """How much one replica takes on; what comes beyond is refused."""

    connections: int = Field(default=12_000, ge=8, le=1_000_000)
    waiting_polls: int = Field(default=10_000, ge=1, le=1_000_000)
    waiting_polls_per_device: int = Field(default=8, ge=1, le=1_000)
    header_bytes: int = Field(default=8_190, ge=1_024, le=65_536)


class MetricsSettings(Section):
    """Where figures are told; `port` 0: nowhere. `token`: whoever asks must bear it, which off loopback is a must."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    token: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _not_for_all(self) -> Self:
        if self.host not in LOOPBACK and not self.token.get_secret_value():
            raise ValueError(f"{self.host} is not loopback: give a token, which whoever asks must bear")
        return self


class SessionSettings(Section):
    """When a session ends: so many `hours` after it began, or `idle_hours` after it was last used."""

    hours: float = Field(default=12.0, gt=0, le=720)
    idle_hours: float = Field(default=2.0, gt=0, le=720)


class StopSettings(Section):
    """Seconds. `notice`: how long a stopping replica still answers while /readyz says that it stops, so that a load
    balancer sends no more; `drain`: how long the requests that run then may take.
    """

    notice: float = Field(default=0.0, ge=0, le=300)
    drain: float = Field(default=10.0, ge=0, le=300)


class HubClock(ClockSettings):
    """As a device's, but a server's clock is vouched for."""

    trust: Literal["kernel", "system"] = "system"


def default_state_folder() -> Path:
    """`$XDG_STATE_HOME/cuelight-hub`, else `~/.local/state/cuelight-hub`."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "cuelight-hub"


class HubSettings(Tree):
    """The whole tree. An empty `database` is `hub.db` in the state folder, an empty `seal_key` is `seal.key` there."""

    model_config = SettingsConfigDict(
        env_prefix="CUELIGHT_HUB_", env_nested_delimiter="__", extra="forbid", frozen=True, populate_by_name=True
    )

    state_folder: Path = Field(default_factory=default_state_folder)
    database: str = ""
    public_url: RootUrl = ""
    seal_key: str = ""
    listen: ListenSettings = Field(default_factory=ListenSettings)
    media: FilesSettings = Field(default_factory=FilesSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    sessions: SessionSettings = Field(default_factory=SessionSettings)
    stop: StopSettings = Field(default_factory=StopSettings)
    clock: HubClock = Field(default_factory=HubClock)

    @field_validator("database")
    @classmethod
    def _known_database(cls, url: str) -> str:
        try:
            known = not url or make_url(url).get_backend_name() in ("sqlite", "postgresql")
        except ArgumentError:
            known = False
        if not known:  # which is not repeated here: it may hold a password
            raise ValueError("give sqlite:///PATH or postgresql://USER@HOST/NAME")
        return url

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.listen.host not in LOOPBACK and not self.public_url:
            raise ValueError(f"public_url is missing: {self.listen.host} is not loopback, so say how devices get here")
        return self

    @model_validator(mode="after")
    def _files_within_reach(self) -> Self:
        dialect = make_url(self.database_url).get_backend_name()
        media = self.media
        problem = place_problem(dialect=dialect, bucket=media.bucket is not None, folder_shared=media.shared)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def files_folder(self) -> Path:
        return Path(self.media.folder) if self.media.folder else self.state_folder / "files"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.state_folder / 'hub.db'}"

    @property
    def seal_key_file(self) -> Path:
        return key_file(Path(self.seal_key) if self.seal_key else self.state_folder / "seal.key")


def load_settings(file: Path | None) -> HubSettings:
    """Settings from `file` (None: defaults and environment). Raises SettingsInvalid."""
    return checked(HubSettings, {}) if file is None else read_file(HubSettings, file)[1]
