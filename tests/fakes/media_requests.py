"""Right requests about files, clips, images, sounds and tags, one after the other on a store with one clip."""

import hashlib
from typing import Any

from fakes.served_store import SERIAL

EMPTY = hashlib.sha256(b"").hexdigest()
CONCATENATION = {
    "deviceID": 1, "deviceName": "", "startEpoch": 1, "endEpoch": 9, "uploadURL": "", "postbackURL": "", "timeout": 0,
}  # fmt: skip

MEDIA: list[tuple[str, str, Any]] = [
    ("POST", "/v1/file", {"deviceSerial": SERIAL, "filename": "a.mp4", "fileSize": 0, "sHA256Hash": EMPTY}),
    ("POST", "/v1/file/temp", {"deviceSerial": SERIAL, "filename": "a.mp4", "fileSize": 0, "sHA256Hash": EMPTY}),
    ("GET", "/v1/file/1", None),
    ("POST", "/v1/videoclip", {"deviceID": 1, "startTime": 1, "clipLengthInSeconds": 1.5, "videoClipStatus": 1}),
    ("POST", f"/v1/videoclip/{SERIAL}", {"key": 0, "localFilePath": "a.mp4", "creationDate": None}),
    ("POST", f"/v1/videoclip/createlist/{SERIAL}", [{"startTime": 1, "localFilePath": "b.mp4"}]),
    ("GET", "/v1/videoclip/2", None),
    ("PUT", "/v1/videoclip/2", {"key": 2, "fileID": 1, "height": 480}),
    ("PATCH", "/v1/videoclip/2", [{"operation": "", "fieldName": "VideoClipStatus", "value": "4"}]),
    ("POST", "/v1/videoclip/list", {"deviceID": 1, "count": 3, "tagList": [1]}),
    ("POST", "/v1/videoclip/devices/list", {"deviceIDList": [1], "startEpoch": 1, "endEpoch": 0, "order": "asc"}),
    ("POST", "/v1/videoclip/extract/list", {"deviceSerial": SERIAL, "startEpoch": 0, "endEpoch": 9}),
    ("POST", "/v1/videoclip/devices/tag/list", {"deviceIDList": [1], "tagIDList": [1], "searchText": "x", "count": 2}),
    ("POST", "/v1/videoclip/upload", {"deviceID": 1, "videoClips": [2]}),
    ("POST", "/v1/videoclip/concatenate", {**CONCATENATION, "videoClips": [{"key": 2}]}),
    ("POST", "/v1/tag/videoclip", {"videoClipID": 2, "tagNames": ["Goal"]}),
    ("GET", "/v1/tag/list", None),
    ("DELETE", "/v1/tag/videoclip/2/1", None),
    ("DELETE", "/v1/videoclip/2", None),
    *(request for path, kind in (("image", "Image"), ("audioclip", "AudioClip")) for request in (
        ("POST", f"/v1/{path}", {"deviceID": 1, "startTime": 1}),
        ("POST", f"/v1/{path}/{SERIAL}", {"key": 0, "localFilePath": "a", "creationDate": None}),
        ("POST", f"/v1/{path}/createlist/{SERIAL}", [{"startTime": 1, "localFilePath": "b"}]),
        ("GET", f"/v1/{path}/1", None),
        ("PUT", f"/v1/{path}/1", {"key": 1, "startTime": 2}),
        ("PATCH", f"/v1/{path}/1", [{"operation": "", "fieldName": f"{kind}Status", "value": "4"}]),
        ("POST", f"/v1/{path}/list", {"deviceID": 1, "count": 3, "tagList": [1]}),
        ("POST", f"/v1/{path}/devices/list", {"deviceIDList": [1], "startEpoch": 1, "endEpoch": 0, "order": "asc"}),
        ("POST", f"/v1/{path}/devices/tag/list", {"deviceIDList": [], "searchText": ""}),
        ("POST", f"/v1/{path}/extract/list", {"deviceSerial": SERIAL, "startEpoch": 0, "endEpoch": 9}),
        ("POST", f"/v1/{path}/upload", {"deviceID": 1, f"{kind[0].lower()}{kind[1:]}IDList": [2]}),
        ("POST", f"/v1/tag/{path}", {f"{kind[0].lower()}{kind[1:]}ID": 1, "tagNames": ["goal"]}),
        ("DELETE", f"/v1/tag/{path}/1/1", None),
        ("DELETE", f"/v1/{path}/1", None),
    )),
    ("POST", "/v1/audioclip/concatenate", CONCATENATION),
    *(("POST", f"/v1/{path}", {"streamPath": "stage"}) for path in (
        "token/mediarouter/publish", "token/mediarouter/read", "srt/publish-credential",
    )),
]  # fmt: skip
