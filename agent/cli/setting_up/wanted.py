"""What somebody wants of a set-up: by answers, by options or by a provisioning file. What is not told stays."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator

from agent.settings import upstream_root
from agent.setup.errors import SetupInvalid
from hardware.models import BACKEND_NAMES
from hardware.models.address import network_address_problem
from presets_store.process.settings import Section, ZoneName

AUTO: Final = "auto"
_ALONE: Final = tuple(name for name in BACKEND_NAMES if name not in ("v4l2", "network", "null"))
"""Backends that need no address."""
PREFIX: Final = "Value error, "
"""Pydantic's, before what we say ourselves."""
LONGEST_SSID: Final = 32
_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 8, 63


def camera_of(text: str) -> tuple[str, str]:
    """Backend and address of a camera as people name it. Pure; raises ValueError."""
    if text in ("", *_ALONE):
        return text or AUTO, ""
    if text.startswith("/") and "/dev/" in text:
        return "v4l2", text
    if "://" in text:
        if problem := network_address_problem(text):
            raise ValueError(problem)
        return "network", text
    named = ", ".join(_ALONE)
    raise ValueError(f"give an address as `cuelight camera find` tells it, rtsp://HOST/..., or one of {named}")


def _camera(text: str) -> str:
    camera_of(text)
    return text


def _ssid(text: str) -> str:
    if not 0 < len(text.encode()) <= LONGEST_SSID:
        raise ValueError(f"give 1 to {LONGEST_SSID} bytes")
    return text


def _password(secret: SecretStr) -> SecretStr:
    if not _SHORTEST_PASSWORD <= len(secret.get_secret_value()) <= _LONGEST_PASSWORD:
        raise ValueError(f"give {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters")
    return secret


def _absolute(text: str) -> str:
    if text and not Path(text).is_absolute():
        raise ValueError("give an absolute path")
    return text


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Wifi(Section):
    """A wireless network (WPA2 or WPA3 with a password) to be saved."""

    ssid: Annotated[str, AfterValidator(_ssid)]
    password: Annotated[SecretStr, AfterValidator(_password)]


class Wanted(Section):
    """None: as it is. An empty text: as if it had never been told.

    `camera`: one or several, see `camera_of`. `token`: of the upstream, once. `sd_card`: spare the card.
    """

    name: str | None = Field(default=None, max_length=128)
    zone: ZoneName | None = None
    camera: Annotated[
        list[Annotated[str, AfterValidator(_camera)]] | None, BeforeValidator(_several), Field(min_length=1)
    ] = None
    upstream: Annotated[str, AfterValidator(upstream_root)] | None = None
    token: SecretStr | None = None
    media: Annotated[str, AfterValidator(_absolute)] | None = None
    wifi: Wifi | None = None
    sd_card: bool | None = None

    @model_validator(mode="after")
    def _token_of_an_upstream(self) -> "Wanted":
        if self.token is not None and not self.token.get_secret_value():
            raise ValueError("token is empty: leave it out, or say what the upstream gave")
        if self.token is not None and self.upstream == "":
            raise ValueError("token is of an upstream: say which")
        return self


def wanted_of(source: str, values: dict[str, Any]) -> Wanted:
    """Raises SetupInvalid, which names the source and each key, and no secret."""
    try:
        return Wanted(**values)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, item['loc'])) or 'set-up'}: {item['msg'].removeprefix(PREFIX)}"
            for item in error.errors()
        ]
        raise SetupInvalid(source=source, problems="\n".join(lines)) from None  # whose text has what was given


def read_wanted(source: str, text: str) -> Wanted:
    """That of a provisioning file. Raises SetupInvalid."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupInvalid(source=source, problems=f"  not TOML: {error}") from None
    return wanted_of(source, values)
