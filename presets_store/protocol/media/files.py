"""Files that are announced, sent and fetched (events-api.md section 9)."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from presets_store.protocol.events import DeviceReference
from presets_store.protocol.fields import Count, Text

_SHA256 = re.compile(r"[0-9a-f]{64}")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _is_hash(text: str) -> str:
    if not _SHA256.fullmatch(text):
        said = {"problem": "is not a SHA-256", "expected": "64 hexadecimal digits"}
        raise PydanticCustomError("sha256", "{problem}", said)
    return text


Sha256 = Annotated[
    str, Field(json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"}), BeforeValidator(_lower), AfterValidator(_is_hash)
]
"""64 hexadecimal digits, lower case in Python."""


class CreateFile(DeviceReference):
    """Body of `POST /v1/file` and `POST /v1/file/temp`. The bytes that follow must have this size and hash."""

    one_of = (("device_id", "device_serial", "device_name"),)

    filename: Text = ""
    file_size: Count
    sha256_hash: Sha256
