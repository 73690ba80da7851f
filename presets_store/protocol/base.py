"""The base of all wire models: exact lower-camel names, tolerant reading, unknown keys kept."""

from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator

_WORDS = {
    "id": "ID", "ids": "IDs", "json": "JSON", "url": "URL", "ip": "IP", "utc": "UTC", "uuid": "UUID",
}  # fmt: skip

_IRREGULAR = {
    "guid": "gUID",
    "api_key_description": "aPIKeyDescription",
    "s_sid": "sSID",
    "sha256_hash": "sHA256Hash",
    "ts_file_id": "tSFileID",
    "file_guid": "fileGUID",
    "file_in_s3": "fileInS3",
    "signal_strength_dbm": "signalStrength_dBm",
    "transfer_bitrate_mbps": "transferBitrate_Mbps",
}


def wire_name(attribute: str) -> str:
    """`device_id` -> `deviceID`: lower camel case with the contract's capitals (`ID`, `JSON`, `URL`, `IP` ...)."""
    if attribute in _IRREGULAR:
        return _IRREGULAR[attribute]
    first, *rest = attribute.split("_")
    return first + "".join(_WORDS.get(word, word.capitalize()) for word in rest)


def pascal_name(attribute: str) -> str:
    """`event_id` -> `EventID`: how the small ad-hoc answers are written."""
    name = wire_name(attribute)
    return name[:1].upper() + name[1:]


class WireModel(BaseModel):
    """A record or request on the wire.

    Keys are matched without regard to the case of the first letter (events-api.md section 12.1); unknown keys are kept
    in `model_extra`, as they came. `null` stands for absent, and so does `""` for a number. Python attributes are snake
    case; `dump()` gives the wire form.

    `one_of` and `exactly_one_of` name groups of attributes of which a request must give one (0 and "" count as not
    given); `parsing.parse_body` checks them.

    Validators are built at first use: of some 90 models a process needs a few (80 ms and 6 MiB less at import).
    """

    model_config = ConfigDict(
        alias_generator=wire_name, populate_by_name=True, extra="allow", frozen=True, defer_build=True
    )

    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    exactly_one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    _keys: ClassVar[dict[str, str]] = {}
    _numbers: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        keys: dict[str, str] = {}
        numbers: set[str] = set()
        for attribute, field in cls.model_fields.items():
            name = field.alias or attribute
            keys |= {name[:1].swapcase() + name[1:]: name, name: name}
            if not field.is_required() and _is_number(field.annotation):
                numbers |= {name, attribute}
        cls._keys = keys
        cls._numbers = frozenset(numbers)

    @model_validator(mode="before")
    @classmethod
    def _read_tolerantly(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        read: dict[Any, Any] = {}
        for key, value in data.items():
            name = cls._keys.get(key, key) if isinstance(key, str) else key
            if name != key and name in data:
                continue
            if value is None or (isinstance(value, str) and value == "" and name in cls._numbers):
                continue
            read[name] = value
        return read

    @classmethod
    def knows(cls, key: str) -> bool:
        """Whether a member of that wire name is read; the case of the first letter does not matter."""
        return key in cls._keys

    def dump(self) -> dict[str, Any]:
        """The wire form: exact names, JSON-ready values."""
        return self.model_dump(mode="json", by_alias=True)


def _is_number(annotation: Any) -> bool:
    """Whether the type is a number, or a number or None."""
    if get_origin(annotation) is Annotated:
        return _is_number(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return all(kind is NoneType or _is_number(kind) for kind in get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, int | float)
