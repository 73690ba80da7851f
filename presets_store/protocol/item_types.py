"""Item types (event-types.md section 6): what an `itemTypeID` speaks of."""

from enum import IntEnum


class ItemType(IntEnum):
    """`itemTypeID`; 3 and 16 are unused, and clients fail on them."""

    AGENT = 1
    AGENT_TYPE = 2
    API_KEY = 4
    APP = 5
    APP_SETTING = 6
    COLLECTION = 7
    COLLECTION_ITEM = 8
    DEVICE = 9
    DEVICE_WIFI_CONNECTION = 10
    EVENT = 11
    EVENT_TYPE = 12
    FILE = 13
    HTTP_METHOD = 14
    INVITATION_CODE = 15
    LOG_ARCHIVE = 17
    LOG_MESSAGE = 18
    MULTIFACTOR_AUTH = 19
    MULTIFACTOR_AUTH_TYPE = 20
    NOTIFICATION = 21
    SESSION = 22
    SESSION_VARIABLE = 23
    SHARED_ITEM = 24
    SHARE_TYPE = 25
    SIGN_IN_HISTORY = 26
    TAG = 27
    USER = 28
    USER_BROWSER = 29
    USER_GROUP = 30
    USER_GROUP_USER = 31
    USER_SETTING = 32
    VIDEO_CLIP = 33
    VIDEO_CLIP_TAG = 34
    WIFI_CONNECTION = 35
    COMMENT = 36
    DEVICE_HEALTH = 37
    EVENT_PRESET = 38
    PROJECT = 39
    IMAGE = 40
    AUDIO_CLIP = 41
    AUDIO_CLIP_TAG = 42
    IMAGE_TAG = 43
    STREAM = 44
