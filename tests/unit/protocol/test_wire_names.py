"""Every documented member of every record and request has exactly its name on the wire, there and back."""

import uuid
from typing import Any

import pytest

from presets_store.protocol.agents import AgentRecord, AgentWithNames, RegisterAgent
from presets_store.protocol.base import WireModel
from presets_store.protocol.cameras import CameraRecord
from presets_store.protocol.clips import (
    AudioClipRecord,
    FileRecord,
    ImageRecord,
    SignedUrlWithId,
    TagRecord,
    VideoClipRecord,
    VideoClipWithNames,
)
from presets_store.protocol.devices import DeviceName, DeviceRecord
from presets_store.protocol.events import (
    CreateEvent,
    DequeueEvent,
    EventRecord,
    EventRecordUpload,
    EventStatusRecord,
    EventWithNames,
    ProgressUpdate,
    StatusUpdate,
    UpdateEvent,
)
from presets_store.protocol.filters import (
    DateAndCountFilter,
    DeviceEpochRange,
    DevicesEpochAndCountFilter,
    DevicesTagFilter,
    EpochAndCountFilter,
    ImageEpochAndCountFilter,
    VideoClipEpochAndCountFilter,
)
from presets_store.protocol.keys import ApiKeyRecord, DescribeApiKey
from presets_store.protocol.parsing import parse_body
from presets_store.protocol.presets import (
    CopiedPreset,
    CreateEventPreset,
    EventPresetRecord,
    RunPreset,
    StartupTarget,
)
from presets_store.protocol.system import (
    AgentTypeRecord,
    CollectionRecord,
    DeviceSettingRecord,
    EventStatusEntry,
    EventTypeRecord,
    PatchOperation,
    StandardResult,
    StreamRecord,
    UserSettingRecord,
)
from presets_store.protocol.telemetry import (
    DeviceHealthRecord,
    DeviceHealthRow,
    LogMessageRecord,
    LogMessageWithNames,
    NotificationRecord,
)

EVENT = """key deviceID agentTypeID agentID eventTypeID serverEvent eventStatus eventParameters processID result
    percentComplete priority expirationEpoch attemptNumber maxAttempts tagString tagNumber creationDate"""
AUDIT = " userID checkoutToken createdBy lastModifiedDate lastModifiedBy"
AGENT = """key deviceID agentTypeID agentIndex currentEventID processID version agentName agentDescription recentOutput
    lastHeardFromDate creationDate"""
VIDEO_CLIP = """
        key deviceID fileID tSFileID videoClipStatus videoClipTypeID videoClipParameters localFilePath height width
    fileSize framesPerSecond bitrate audioStatus startTime startTimeMs endTime endTimeMs clipLengthInSeconds tagListID
    creationDate"""
LOG_MESSAGE = "key deviceID agentID processID version message messageDate creationDate"

DOCUMENTED: dict[type[WireModel], str] = {
    EventRecord: EVENT + AUDIT,
    EventWithNames: EVENT
    + AUDIT
    + " deviceName eventType agentType version eventStatusName eventStatusDescription agentIndex",
    EventStatusRecord: """
        eventID key eventStatus eventParameters result percentComplete priority attemptNumber maxAttempts
        tagString tagNumber""",
    EventPresetRecord: EVENT.replace("serverEvent", "") + AUDIT + " eventPresetName deviceGroupID",
    DeviceRecord: """key deviceTypeID deviceName serialNumber deviceDescription recentOutput cameraStatus lastIPAddress
        tunnelIPAddress lastHeardFromDate offlineNotificationDate softwareDate location setupStatus autoSendFiles
        runStartupEvent deviceReadyEventPresetID standaloneEventPresetID logHealth runAnalytics audioChannelName volume
        commentListID creationDate isArchived gUID""",
    AgentRecord: AGENT,
    AgentWithNames: AGENT + " deviceName agentType",
    AgentTypeRecord: "key agentTypeName detailedDescription creationDate",
    EventTypeRecord: "key legacyEventTypeID agentTypeID eventTypeName description creationDate",
    EventStatusEntry: "key eventStatusName description creationDate",
    CollectionRecord: "key collectionName description itemTypeID itemID parentID creationDate",
    DeviceHealthRecord: "key deviceID healthDate healthJSON creationDate",
    DeviceHealthRow: """
        key deviceName serialNumber batteryStatus batteryPercent batteryVoltage cpuTemp gpuTemp cpuPercent
        accessPointName networkAlias frequency linkQuality signalStrength_dBm transferBitrate_Mbps deviceStatus
        cameraStatus cameraActivity tunnelStatus softwareVersion lastHeardFromDate lastVideoClipDate
        softwareDeployDate""",
    LogMessageRecord: LOG_MESSAGE,
    LogMessageWithNames: LOG_MESSAGE + " deviceName agentType agentIndex",
    NotificationRecord: """key notificationStatusID message seenInApp seenDate sentAsEmail sentAsEmailDate creationDate
        guid isArchived""",
    VideoClipRecord: VIDEO_CLIP,
    VideoClipWithNames: VIDEO_CLIP + " deviceName tagList",
    ImageRecord: """
        key deviceID fileID imageStatus imageTypeID localFilePath height width filesize startTime startTimeMs
        tagListID creationDate""",
    AudioClipRecord: """key deviceID fileID audioClipStatus audioClipTypeID audioClipParameters localFilePath fileSize
        bitrate startTime startTimeMs endTime endTimeMs clipLengthInSeconds tagListID creationDate""",
    FileRecord: """key deviceID filename fileGUID sHA256Hash fileLocation fileExpiration fileSize fileInS3 doNotDelete
        creationDate""",
    StreamRecord: """key deviceID streamTypeID eventID streamName streamPath streamDescription publishURL readURL
        lastActivityDate actionTypeID creationDate""",
    TagRecord: "key tagName creationDate",
    DeviceSettingRecord: "key deviceID settingName settingValue creationDate",
    UserSettingRecord: "key settingName settingValue creationDate",
    StandardResult: "code description",
    SignedUrlWithId: "signedURL fileID",
    DateAndCountFilter: "deviceID startDate endDate count order",
    EpochAndCountFilter: "deviceID startEpoch endEpoch count order videoClipTypeID",
    VideoClipEpochAndCountFilter: "deviceID startEpoch endEpoch count order videoClipTypeID tagList",
    ImageEpochAndCountFilter: "deviceID startEpoch endEpoch count order tagList",
    DeviceEpochRange: "deviceSerial startEpoch endEpoch",
    DevicesEpochAndCountFilter: "deviceIDList startEpoch endEpoch count order",
    DevicesTagFilter: "deviceIDList tagIDList startEpoch endEpoch count order searchText",
    PatchOperation: "operation fieldName value",
    CreateEvent: """deviceID deviceSerial deviceName agentType eventType agentTypeID eventTypeID serverEvent
        eventParameters priority maxAttempts expirationEpoch""",
    DequeueEvent: "deviceID deviceName deviceSerial agentType agentTypeID agentIndex processID",
    UpdateEvent: "eventStatus attemptNumber result processID percentComplete tagString tagNumber",
    ProgressUpdate: "deviceID deviceName deviceSerial percentComplete",
    StatusUpdate: "deviceID deviceName deviceSerial eventStatus events",
    EventRecordUpload: """deviceID deviceName deviceSerial eventUUID eventType eventTypeID eventParameters eventStatus
        result percentComplete attemptNumber maxAttempts priority expirationEpoch tagString tagNumber cause
        eventPresetID creationDate startDate endDate clockQuality bootID""",
    CreateEventPreset: """eventPresetName deviceID deviceGroupID agentType eventType agentTypeID eventTypeID
        eventParameters priority maxAttempts expirationEpoch""",
    CopiedPreset: EVENT.replace("serverEvent", "") + AUDIT + " eventPresetName deviceGroupID warnings",
    RunPreset: "data",
    StartupTarget: "deviceID deviceGroupID",
    ApiKeyRecord: "key appID aPIKeyDescription accessKey secretKey status lastAccessDate creationDate",
    DescribeApiKey: "aPIKeyDescription",
    RegisterAgent: """deviceID deviceName deviceSerial agentType agentTypeID agentVersion agentIndex processID""",
    DeviceName: "deviceID deviceName deviceSerial",
    CameraRecord: "key deviceID cameraIndex cameraID name address backend capabilities state",
}

CANDIDATES: tuple[Any, ...] = (
    "2026-03-30T12:00:00.123456Z",
    str(uuid.UUID(int=7)),
    "asc",
    7,
    3,
    True,
    [1, 2],
    ["a"],
    {"a": 1},
    [{"key": 1, "tagName": "goal", "creationDate": None}],
)


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_members_have_the_documented_names(model: type[WireModel]) -> None:
    documented = set(DOCUMENTED[model].split())
    sent_back_only = {"userID", "createdBy", "lastModifiedDate", "lastModifiedBy"} if model is DeviceRecord else set()
    assert {field.alias for field in model.model_fields.values()} == documented | sent_back_only


MEMBERS = [(model, name) for model, names in DOCUMENTED.items() for name in sorted(names.split())]


@pytest.mark.parametrize(("model", "name"), MEMBERS, ids=lambda part: getattr(part, "__name__", part))
def test_each_member_round_trips(model: type[WireModel], name: str) -> None:
    required = {
        field.alias or attribute: field for attribute, field in model.model_fields.items() if field.is_required()
    }
    attribute = next(key for key, field in model.model_fields.items() if field.alias == name)
    for candidate in CANDIDATES:
        validator = model.__pydantic_validator__
        body = {**{other: fill for other in required if (fill := _fill(other)) is not None}, name: candidate}
        try:
            parsed = validator.validate_python(body, context="wire", by_alias=True, by_name=False)
        except ValueError:
            continue
        assert parsed.dump()[name] == candidate
        assert attribute in parsed.model_fields_set
        assert name not in (parsed.model_extra or {})
        swapped = name[0].swapcase() + name[1:]
        again = validator.validate_python({**body, swapped: body.pop(name)}, context="wire", by_alias=True)
        assert again == parsed, "the first letter's case does not matter"
        return
    pytest.fail(f"no candidate fits {name}")


def _fill(name: str) -> object:
    values = {"eventUUID": str(uuid.UUID(int=9)), "eventStatus": 4, "events": [1], "percentComplete": 1, "eventID": 1}
    return values.get(name, "text")


def test_device_is_read_with_thirty_members_and_sent_without_the_audit_four() -> None:
    assert len(DeviceRecord.model_fields) == 30
    assert len(DeviceRecord().dump()) == 26


def test_unknown_keys_are_kept_as_they_came() -> None:
    body = parse_body(CreateEvent, {"deviceID": 1, "eventType": "x", "Colour": "red", "event_type": "y"})
    assert body.model_extra == {"Colour": "red", "event_type": "y"}
    assert body.event_type == "x"
