"""Tokens that make a device one of ours, on the wire. Ours beside the contract."""

from typing import Annotated, Final

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.fields import Key, Moment, Name, Text

DAY: Final = 24 * 3600
MAX_DAYS: Final = 30


class CreateEnrolment(WireModel):
    """Body of `POST /v1/enrolment`. `device_group_id`: the group that the device joins. `device_id`: the token is good
    for this device only, which gets a new key pair in place of its old ones; else it makes a new device.
    """

    description: Text = ""
    device_group_id: Key = 0
    device_id: Key = 0
    expires_in_seconds: Annotated[int, Field(ge=60, le=MAX_DAYS * DAY)] = DAY


class EnrolmentRecord(WireModel):
    """A token. `token` is not empty once only: in the answer that makes it. `device_id`: the device that it is for, or
    that used it. `used_date` is null while it may still be used.
    """

    key: Key = 0
    token: Name = ""
    description: Text = ""
    device_group_id: Key = 0
    device_id: Key = 0
    creation_date: Moment = 0
    expiration_date: Moment = 0
    used_date: Moment = 0


class RegisterDevice(WireModel):
    """Body of `POST /v1/register/device`. `device_name` is for a new device, else its serial number is its name."""

    token: Annotated[Name, Field(min_length=1, repr=False)]
    serial_number: Annotated[Name, Field(min_length=1)]
    device_name: Name = ""


class RegisteredDevice(WireModel):
    """What the device gets, once: its record, and the key pair that it signs with from now on."""

    device: DeviceRecord
    access_key: Name = ""
    secret_key: Name = ""
