"""What settings are made of: sections of a TOML file, overridden by the environment, checked as a whole."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from presets_store.local_zone import zone_named
from presets_store.process.errors import SettingsInvalid

LOOPBACK = {"127.0.0.1", "::1", "localhost"}

ENVIRONMENT = "the environment"
"""What is at fault when there is no file."""


def _root_url(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("https", "http") or not parts.hostname or parts.path not in ("", "/")):
        raise ValueError("give https://HOST/ : the path of each request is signed, so nothing may stand before it")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("give https://HOST/ without user, query and fragment")
    return url.rstrip("/")


RootUrl = Annotated[str, AfterValidator(_root_url)]
"""Where an API is reached from elsewhere, without a slash at its end; "" for not said."""


class Section(BaseModel):
    """Base of all sections: an unknown key is an error, so that a misspelt one is not silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone_name(name: str) -> str:
    if name and zone_named(name) is None:
        raise ValueError('give the name of a time zone that this computer knows, such as "Europe/Berlin"')
    return name


ZoneName = Annotated[str, AfterValidator(_zone_name)]


class ClockSettings(Section):
    """`trust`: `kernel` asks the kernel whether the clock is synchronised; `system` vouches for it. `zone`: in which
    the hours of scripts are meant; "" for that of this computer.
    """

    trust: Literal["kernel", "system"] = "kernel"
    zone: ZoneName = ""

    @property
    def trusted(self) -> bool:
        """Whether an operator vouches for the machine's clock."""
        return self.trust == "system"


class LogSettings(Section):
    """`format`: `text` for people, `json` for collectors, `auto` decides by whether a terminal looks."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "text", "json"] = "auto"


class TelemetrySettings(Section):
    """How long health records, log messages and notifications are kept (`max_age_days` 0: no limit), and how many
    health records, and log messages, of each device.
    """

    max_age_days: float = Field(default=30.0, ge=0, le=36_500)
    max_records: int = Field(default=50_000, ge=1, le=10_000_000)


class EventSettings(Section):
    """Days since an event ended: after so many it is archived, after so many deleted there. 0: never."""

    archive_after_days: float = Field(default=30.0, ge=0, le=36_500)
    keep_archive_days: float = Field(default=365.0, ge=0, le=36_500)


class DeliverySettings(Section):
    """Networks that notifications and webhooks never ask: `forbidden` ones, and those that always are (this machine,
    link-local, multicast, metadata of clouds), but for `allowed` ones.
    """

    forbidden: tuple[IPvAnyNetwork, ...] = ()
    allowed: tuple[IPvAnyNetwork, ...] = ()


class Tree(BaseSettings):
    """Base of the whole: the environment first, then what the file said; no dotenv file, no secrets folder."""

    log: LogSettings = Field(default_factory=LogSettings)
    events: EventSettings = Field(default_factory=EventSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)
    delivery: DeliverySettings = Field(default_factory=DeliverySettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


Settings = TypeVar("Settings", bound=Tree)


def read_file(kind: type[Settings], file: Path) -> tuple[str, Settings]:
    """The file's text and the settings in it. Raises SettingsInvalid."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(source=str(file), problems=f"  {error}") from error
    return text, settings_in(kind, text, source=str(file))


def settings_in(kind: type[Settings], text: str, *, source: str) -> Settings:
    """The settings in the text of a file. Raises SettingsInvalid."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(source=source, problems=f"  not TOML: {error}") from error
    return checked(kind, values, source=source)


def checked(kind: type[Settings], values: dict[str, object], *, source: str = ENVIRONMENT) -> Settings:
    """The settings of `values` and the environment, which wins. Raises SettingsInvalid, which names `source`."""
    try:
        return kind(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [f"  {'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']}" for item in error.errors()]
        raise SettingsInvalid(source=source, problems="\n".join(problems)) from error
