"""Tokens for media servers (events-api.md section 8)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import LongText, Moment, Name, Text


class MediaPath(WireModel):
    """`{"streamPath": ...}`."""

    stream_path: Text = Field(min_length=1)


class MediaToken(WireModel):
    token: Name
    expires_utc: Moment = Field(alias="expiresUtc")


class SrtCredential(WireModel):
    """What a publisher by SRT sends in its stream id: `publish:<streamPath>:<user>:<password>`."""

    user: Name
    password: Name
    stream_path: Text
    expires_utc: Moment = Field(alias="expiresUtc")


class MediaRequest(WireModel):
    """What a media server asks about one connection. `ip` is its client's; `id` and `protocol` are not looked at."""

    user: Text = ""
    password: Text = ""
    token: Text = ""
    action: Name = Field(min_length=1)
    path: Text = ""
    protocol: Name = ""
    ip: Name = ""
    id: Name = ""
    query: LongText = ""
