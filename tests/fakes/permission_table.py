"""Which permission each route needs, with a body that is right for it; `$device` and the like stand for keys."""

from typing import Any, NamedTuple

from presets_store.rules.permissions import PERMISSIONS, Permission, Role

READ, RUN, EDIT = Permission.READ, Permission.RUN, Permission.EDIT
REPORT, MANAGE, ADMINISTER = Permission.REPORT, Permission.MANAGE, Permission.ADMINISTER

_UUID = "01890000-0000-7000-8000-000000000001"
_RECORD = {"deviceID": "$device", "eventUUID": _UUID, "eventTypeID": 1, "eventStatus": 4}
_NAMED = {"deviceID": "$device"}
_PRESET = {**_NAMED, "eventPresetName": "x", "eventType": "Video_Test_event", "eventTypeID": 1}
_HEALTH = {**_NAMED, "healthJSON": "{}"}
_SETTING = {"name": "x", "value": "y"}
_X = (("settingname", "x"),)
_FILE = {**_NAMED, "filename": "a.mp4", "fileSize": 1, "sHA256Hash": "0" * 64}
_MOMENT = "2026-11-23T12:00:00Z"
_FIRED = {"triggerUUID": _UUID, "eventName": "motion", "occurredDate": _MOMENT,
          "scripts": [{"scriptUUID": _UUID, "decidedDate": _MOMENT}]}  # fmt: skip
_CASE = {"camera_id": "$camera", "analytic_type": "motion"}
_SCRIPT = {"title": "x", "event_id": 41, "cameras": ["$camera"]}


def _patch(field: str, value: str = "x") -> list[dict[str, str]]:
    return [{"operation": "replace", "fieldName": field, "value": value}]


class Needs(NamedTuple):
    """`permission` None: whoever signs is answered. `reporter`: who has `report` may do it as well. `query`: pairs."""

    method: str
    path: str
    permission: Permission | None = None
    body: Any = None
    reporter: bool = False
    query: tuple[tuple[str, str], ...] = ()

    def met_by(self, role: Role) -> bool:
        """Whether the role may do it, where the scope allows it."""
        permissions = PERMISSIONS[role]
        return self.permission is None or self.permission in permissions or (self.reporter and REPORT in permissions)


TABLE = (
    Needs("POST", "/v1/event", RUN, {**_NAMED, "eventType": "Video_Test_event"}),
    Needs("POST", "/v1/event/list", READ, _NAMED),
    Needs("POST", "/v1/event/lastevent/agenttype/1", READ, _NAMED),
    Needs("POST", "/v1/event/list/pending", READ, _NAMED),
    Needs("POST", "/v1/event/list/pending/longpoll", REPORT, _NAMED),
    Needs("POST", "/v1/event/dequeue/longpoll", REPORT, {**_NAMED, "agentTypes": ["Video"]}),
    Needs("GET", "/v1/event/$event", READ),
    Needs("PATCH", "/v1/event/$event/progress", REPORT, {"percentComplete": 5}),
    Needs("PATCH", "/v1/event/status", REPORT, {**_NAMED, "events": ["$event"], "eventStatus": 3}),
    Needs("PATCH", "/v1/event/status", RUN, {**_NAMED, "events": ["$event"], "eventStatus": 7}),
    Needs("PUT", "/v1/event/$event", REPORT, {"eventStatus": 3}),
    Needs("POST", "/v1/event/dequeue", REPORT, {**_NAMED, "agentType": "Video"}),
    Needs("POST", "/v1/event/record", REPORT, _RECORD),
    Needs("POST", "/v1/event/record/list", REPORT, [_RECORD]),
    Needs("POST", "/v1/event/endprocess/$event", RUN),
    Needs("DELETE", "/v1/event/list/pending/$device", RUN),
    Needs("POST", "/v1/eventpreset", EDIT, _PRESET),
    Needs("GET", "/v1/eventpreset/$preset", READ),
    Needs("PUT", "/v1/eventpreset/$preset", EDIT, _PRESET),
    Needs("POST", "/v1/eventpreset/$preset/copy/$device", EDIT),
    Needs("GET", "/v1/eventpreset/list/device/$device", READ),
    Needs("POST", "/v1/eventpreset/run/$preset", RUN, {"data": ["$device"]}),
    Needs("POST", "/v1/eventpreset/startupevent/online/$preset", EDIT, {}),
    Needs("DELETE", "/v1/eventpreset/startupevent/online/device/$device", EDIT),
    Needs("DELETE", "/v1/eventpreset/$preset", EDIT),
    Needs("POST", "/v1/device", MANAGE, {"serialNumber": "SN-NEW"}),
    Needs("GET", "/v1/eventpreset/run/group/$run", READ),
    Needs("GET", "/v1/device/list", READ),
    Needs("GET", "/v1/device/list/all", READ),
    Needs("GET", "/v1/device/list/health", READ),
    Needs("POST", "/v1/device/name", READ, {"deviceName": "$serial"}),
    Needs("POST", "/v1/device/ready", REPORT, _NAMED),
    Needs("GET", "/v1/device/$device", READ),
    Needs("PUT", "/v1/device/$device", REPORT, {"volume": 3}),
    Needs("PUT", "/v1/device/$device", MANAGE, {"deviceDescription": "x"}),
    Needs("PATCH", "/v1/device/$device", MANAGE, _patch("deviceName")),
    Needs("POST", "/v1/device/$device/runanalytics/1", EDIT),
    Needs("GET", "/v1/device/$device/cameras", READ),
    Needs("PUT", "/v1/device/$device/cameras", EDIT, [{"cameraIndex": 0, "name": "x"}]),
    Needs("POST", "/v1/device/$device/cameras", REPORT, [{"cameraIndex": 0, "cameraID": "a"}]),
    Needs("GET", "/v1/device/$device/scripts", REPORT),
    Needs("POST", "/v1/device/$device/scripts/fired", REPORT, [_FIRED]),
    Needs("POST", "/v1/devicegroup", MANAGE, {"value": "new"}),
    Needs("GET", "/v1/devicegroup/list", READ),
    Needs("GET", "/v1/devicegroup/$group", READ),
    Needs("GET", "/v1/devicegroup/$group/device/list", READ),
    Needs("GET", "/v1/devicegroup/$group/item/list", READ),
    Needs("POST", "/v1/devicegroup/name", READ, {"value": "$name"}),
    Needs("GET", "/v1/devicegroup", READ, {"value": "$name"}),
    Needs("PUT", "/v1/devicegroup/$group", MANAGE, {"value": "renamed"}),
    Needs("POST", "/v1/devicegroup/$group/device/$device", MANAGE),
    Needs("DELETE", "/v1/collectionitem/$item", MANAGE),
    Needs("DELETE", "/v1/devicegroup/$group", MANAGE),
    Needs("POST", "/v1/agent", REPORT, {**_NAMED, "agentType": "Video"}),
    Needs("POST", "/v1/agent/list", READ, _NAMED),
    Needs("GET", "/v1/agent/$agent", READ),
    Needs("PUT", "/v1/agent/$agent", REPORT, {"agentName": "x"}),
    Needs("PATCH", "/v1/agent/$agent", REPORT, _patch("agentDescription")),
    Needs("DELETE", "/v1/agent/$agent", MANAGE),
    Needs("POST", "/v1/devicehealth", REPORT, _HEALTH),
    Needs("POST", "/v1/devicehealth/updatelatest", REPORT, _HEALTH),
    Needs("PUT", "/v1/devicehealth/$health", REPORT, {"healthJSON": "{}"}),
    Needs("GET", "/v1/devicehealth/$health", READ),
    Needs("GET", "/v1/devicehealth/getlatest/$device", READ),
    Needs("POST", "/v1/devicehealth/list", READ, _NAMED),
    Needs("POST", "/v1/device/$device/health/linechart", READ, {}),
    Needs("POST", "/v1/logmessage", REPORT, {**_NAMED, "message": "x"}),
    Needs("POST", "/v1/logmessage/list", READ, _NAMED),
    Needs("GET", "/v1/logmessage/$log", READ),
    Needs("POST", "/v1/notification", EDIT, {**_NAMED, "message": "x"}),
    Needs("GET", "/v1/notification/list", READ),
    Needs("GET", "/v1/notification/$notification", READ),
    Needs("PUT", "/v1/notification/$notification", EDIT, {"seenInApp": True}),
    Needs("DELETE", "/v1/notification/$notification", EDIT),
    Needs("PUT", "/v1/devicesetting/device/$device", EDIT, _SETTING),
    Needs("GET", "/v1/devicesetting/device/$device", READ, query=_X),
    Needs("GET", "/v1/devicesetting/device/$device/list", READ),
    Needs("DELETE", "/v1/devicesetting/device/$device", EDIT, query=_X),
    Needs("PUT", "/v1/usersetting", READ, _SETTING),
    Needs("GET", "/v1/usersetting", READ, query=_X),
    Needs("GET", "/v1/usersetting/list", READ),
    Needs("DELETE", "/v1/usersetting", READ, query=_X),
    Needs("POST", "/v1/stream", EDIT, _NAMED, reporter=True),
    Needs("GET", "/v1/stream/$stream", READ),
    Needs("PUT", "/v1/stream/$stream", EDIT, {"streamName": "x"}, reporter=True),
    Needs("PATCH", "/v1/stream/$stream", EDIT, _patch("streamName"), reporter=True),
    Needs("GET", "/v1/device/$device/stream/mostrecent", READ),
    Needs("GET", "/v1/device/$device/stream/list", READ),
    Needs("POST", "/v1/device/$device/stream/path", READ, {"value": "x"}),
    Needs("DELETE", "/v1/stream/$stream", EDIT, reporter=True),
    Needs("GET", "/v1/clip/list", READ),
    Needs("GET", "/v1/clip/$clip", READ),
    Needs("PUT", "/v1/clip/$clip", EDIT, {"protected": True}),
    Needs("POST", "/v1/file", REPORT, _FILE),
    Needs("POST", "/v1/file/temp", REPORT, _FILE),
    Needs("GET", "/v1/file/$file", READ),
    Needs("POST", "/v1/file/success/$file", REPORT, _NAMED),
    Needs("DELETE", "/v1/device/$device/file/$file", EDIT),
    Needs("POST", "/v1/videoclip", EDIT, _NAMED),
    Needs("POST", "/v1/videoclip/list", READ, _NAMED),
    Needs("POST", "/v1/videoclip/devices/list", READ, {"deviceIDList": ["$device"]}),
    Needs("POST", "/v1/videoclip/extract/list", READ, {"deviceSerial": "$serial"}),
    Needs("POST", "/v1/videoclip/createlist/$serial", REPORT, [{"localFilePath": "a.mp4"}]),
    Needs("POST", "/v1/videoclip/$serial", REPORT, {"localFilePath": "b.mp4"}),
    Needs("GET", "/v1/videoclip/$clip", READ),
    Needs("PUT", "/v1/videoclip/$clip", EDIT, {"videoClipStatus": 1}, reporter=True),
    Needs("PATCH", "/v1/videoclip/$clip", EDIT, _patch("videoClipStatus", "1"), reporter=True),
    Needs("DELETE", "/v1/videoclip/$clip", EDIT),
    Needs("POST", "/v1/videoclip/devices/tag/list", READ, {"deviceIDList": ["$device"]}),
    Needs("POST", "/v1/image", EDIT, _NAMED),
    Needs("POST", "/v1/image/list", READ, _NAMED),
    Needs("POST", "/v1/image/devices/list", READ, {"deviceIDList": ["$device"]}),
    Needs("POST", "/v1/image/devices/tag/list", READ, {"deviceIDList": ["$device"]}),
    Needs("POST", "/v1/image/extract/list", READ, {"deviceSerial": "$serial"}),
    Needs("POST", "/v1/image/createlist/$serial", REPORT, [{"localFilePath": "a.jpg"}]),
    Needs("POST", "/v1/image/$serial", REPORT, {"localFilePath": "b.jpg"}),
    Needs("GET", "/v1/image/$image", READ),
    Needs("PUT", "/v1/image/$image", EDIT, {"imageStatus": 6}, reporter=True),
    Needs("PATCH", "/v1/image/$image", EDIT, _patch("imageStatus", "1"), reporter=True),
    Needs("POST", "/v1/audioclip", EDIT, _NAMED),
    Needs("POST", "/v1/audioclip/list", READ, _NAMED),
    Needs("POST", "/v1/audioclip/devices/list", READ, {"deviceIDList": ["$device"]}),
    Needs("POST", "/v1/audioclip/devices/tag/list", READ, {"deviceIDList": ["$device"]}),
    Needs("POST", "/v1/audioclip/extract/list", READ, {"deviceSerial": "$serial"}),
    Needs("POST", "/v1/audioclip/createlist/$serial", REPORT, [{"localFilePath": "a.ogg"}]),
    Needs("POST", "/v1/audioclip/$serial", REPORT, {"localFilePath": "b.ogg"}),
    Needs("GET", "/v1/audioclip/$sound", READ),
    Needs("PUT", "/v1/audioclip/$sound", EDIT, {"audioClipStatus": 6}, reporter=True),
    Needs("PATCH", "/v1/audioclip/$sound", EDIT, _patch("audioClipStatus", "1"), reporter=True),
    Needs("POST", "/v1/videoclip/upload", RUN, {**_NAMED, "videoClips": ["$clip"]}),
    Needs("POST", "/v1/image/upload", RUN, {**_NAMED, "imageIDList": ["$image"]}),
    Needs("POST", "/v1/audioclip/upload", RUN, {**_NAMED, "audioClipIDList": ["$sound"]}),
    Needs("POST", "/v1/videoclip/concatenate", RUN, {**_NAMED, "startEpoch": 1, "endEpoch": 2}),
    Needs("POST", "/v1/audioclip/concatenate", RUN, {**_NAMED, "startEpoch": 1, "endEpoch": 2}),
    Needs("POST", "/v1/tag/videoclip", EDIT, {"videoClipID": "$clip", "tagNames": ["x"]}),
    Needs("POST", "/v1/tag/image", EDIT, {"imageID": "$image", "tagNames": ["goal"]}),
    Needs("POST", "/v1/tag/audioclip", EDIT, {"audioClipID": "$sound", "tagNames": ["x"]}),
    Needs("GET", "/v1/tag/list", READ),
    Needs("DELETE", "/v1/tag/videoclip/$clip/$tag", EDIT),
    Needs("DELETE", "/v1/tag/image/$image/$tag", EDIT),
    Needs("DELETE", "/v1/tag/audioclip/$sound/$tag", EDIT),
    Needs("DELETE", "/v1/image/$image", EDIT),
    Needs("DELETE", "/v1/audioclip/$sound", EDIT),
    Needs("POST", "/v1/token/mediarouter/publish", EDIT, {"streamPath": "$serial"}, reporter=True),
    Needs("POST", "/v1/token/mediarouter/read", READ, {"streamPath": "$serial"}),
    Needs("POST", "/v1/srt/publish-credential", EDIT, {"streamPath": "$serial"}, reporter=True),
    Needs("POST", "/api/v1/scripts", EDIT, _SCRIPT),
    Needs("GET", "/api/v1/scripts", READ),
    Needs("GET", "/api/v1/scripts/users", EDIT),
    Needs("GET", "/api/v1/scripts/$script", READ),
    Needs("GET", "/api/v1/scripts/$script/explain", READ),
    Needs("POST", "/api/v1/scripts/$script/simulate", READ, {}),
    Needs("PUT", "/api/v1/scripts/$script", EDIT, _SCRIPT),
    Needs("POST", "/api/admin/v1/scripts", EDIT, {"event_id": 41}),
    Needs("GET", "/api/admin/v1/scripts", READ),
    Needs("GET", "/api/admin/v1/scripts/$script", READ),
    Needs("PUT", "/api/admin/v1/scripts/$script", EDIT, {"event_id": 41}),
    Needs("GET", "/api/v1/basic-configurations", READ),
    Needs("POST", "/api/v1/basic-configurations/events", EDIT, {"name": "door.open"}),
    Needs("GET", "/api/v1/scripts/$script/decisions", READ),
    Needs("POST", "/api/integration/v1/events", RUN, {"event": "motion", "camera": "$camera"}),
    Needs("POST", "/api/v1/analytic-cases", EDIT, _CASE),
    Needs("GET", "/api/v1/analytic-cases", READ),
    Needs("GET", "/api/v1/analytic-cases/$case", READ),
    Needs("PUT", "/api/v1/analytic-cases/$case", EDIT, _CASE),
    Needs("DELETE", "/api/v1/analytic-cases/$case", EDIT),
    Needs("DELETE", "/api/admin/v1/scripts/$script", EDIT),
    Needs("DELETE", "/api/v1/scripts", EDIT, {"ids": ["$script"]}),
    Needs("DELETE", "/api/v1/scripts/$script", EDIT),
    Needs("POST", "/api/v1/channels", EDIT, {"url": "json://far.example"}),
    Needs("GET", "/api/v1/channels", READ),
    Needs("GET", "/api/v1/channels/4711", READ),
    Needs("PUT", "/api/v1/channels/4711", EDIT, {}),
    Needs("POST", "/api/v1/channels/4711/test", EDIT),
    Needs("DELETE", "/api/v1/channels/4711", EDIT),
    Needs("GET", "/v1/live", READ),
    Needs("POST", "/v1/apikey", ADMINISTER, {"aPIKeyDescription": "x"}),
    Needs("GET", "/v1/apikey/list", ADMINISTER),
    Needs("GET", "/v1/apikey/$key", ADMINISTER),
    Needs("PUT", "/v1/apikey/$key", ADMINISTER, {"aPIKeyDescription": "x"}),
    Needs("POST", "/v1/apikey/$key/rotate", ADMINISTER),
    Needs("POST", "/v1/apikey/own", REPORT),
    Needs("DELETE", "/v1/apikey/own/others", REPORT),
    Needs("DELETE", "/v1/apikey/$key", ADMINISTER),
    Needs("POST", "/v1/user", ADMINISTER, {"userName": "new", "role": "reader"}),
    Needs("GET", "/v1/user/list", ADMINISTER),
    Needs("GET", "/v1/user/$user", ADMINISTER),
    Needs("PUT", "/v1/user/$user", ADMINISTER, {"email": "x@example.org"}),
    Needs("PUT", "/v1/user/$user/password", ADMINISTER, {"password": "a long one, for tests"}),
    Needs("GET", "/v1/user/$user/apikey/list", ADMINISTER),
    Needs("POST", "/v1/enrolment", MANAGE, {"deviceID": "$device"}),
    Needs("GET", "/v1/enrolment/list", MANAGE),
    Needs("DELETE", "/v1/enrolment/1", MANAGE),
    Needs("GET", "/v1/session"),
    Needs("DELETE", "/v1/session"),
    Needs("GET", "/v1/session/list"),
    Needs("DELETE", "/v1/device/$device", MANAGE),
    Needs("GET", "/v1/eventstatus/list"),
    Needs("POST", "/v1/eventtype/list", None, {}),
    Needs("GET", "/v1/agenttype/list"),
    Needs("POST", "/v1/testauth"),
    Needs("POST", "/v1/testapicall"),
    Needs("POST", "/v1/versionauth"),
    Needs("POST", "/v1/versionapicall"),
)


def filled(template: Any, values: dict[str, Any]) -> Any:
    """`template` with `$name` replaced, in the parts of a path and as the members of a body."""
    if isinstance(template, dict):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if isinstance(template, str) and template.startswith("/"):
        return "/".join(str(values[part[1:]]) if part.startswith("$") else part for part in template.split("/"))
    return values[template[1:]] if isinstance(template, str) and template.startswith("$") else template
