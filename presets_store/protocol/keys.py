"""Access keys on the wire (events-api.md section 2.6)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int, Key, Moment, Name, Text


class ApiKeyRecord(WireModel):
    """An access key. `secret_key` is not empty once only: in the answer that makes the pair. It is never shown again.

    `status` is `active` or `revoked` (the contract leaves its words open); `app_id` is 0, there are no applications
    here; `last_access_date` is right to the hour, and null for a key that was never used.
    """

    key: Int = 0
    app_id: Int = 0
    api_key_description: Text = ""
    access_key: Name = ""
    secret_key: Name = ""
    status: Name = ""
    last_access_date: Moment = 0
    creation_date: Moment = 0


class DescribeApiKey(WireModel):
    """Body of `PUT /v1/apikey/{id}`: what the key is for; all else of it is not for writing."""

    api_key_description: Text = Field(min_length=1)


class CreateApiKey(DescribeApiKey):
    """Body of `POST /v1/apikey`. `user_id` (ours): the user whom it is for; 0 is who asks."""

    user_id: Key = 0


class RevokedKeys(WireModel):
    """Answer of `DELETE /v1/apikey/own/others` (ours): how many keys were revoked."""

    revoked: Int
