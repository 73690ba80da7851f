"""Parameters of events: a model per class of event-types.md section 4, and how their text is read.

`PARAMETER_MODELS` holds the types whose class the contract tells: their parameters are checked when an event or preset
is accepted. For the others (`EndProcess`, `WifiConnection`, `SetVolume`, `TestEvent`, `Bars` and more serve some of
them) any JSON is accepted, and the action checks it with `read_parameters`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from presets_store.protocol.base import WireModel
from presets_store.protocol.errors import BadParameters, FieldProblem
from presets_store.protocol.event_types import EVENT_TYPES, EventType
from presets_store.protocol.fields import FROM_WIRE
from presets_store.protocol.json_text import read_json
from presets_store.protocol.parameters.actionsync import ReceiveActionSync, SendActionSync, StopReceiveActionSync
from presets_store.protocol.parameters.base import NoParameters, Parameters, StartParameters
from presets_store.protocol.parameters.camera import (
    Bars,
    CameraMultiplex,
    CaptureFrames,
    MicrophoneMultiplex,
    TestEvent,
)
from presets_store.protocol.parameters.conference import Conference, MultiplexConference
from presets_store.protocol.parameters.device import (
    ClearFlagQueue,
    EndProcess,
    RemoveNetwork,
    SetVolume,
    UpdateNetworks,
    UpdateSetting,
    UpdateSoftware,
    WifiConnection,
    WorkflowStep,
)
from presets_store.protocol.parameters.files import ConcatenateClips, ExtractVideo, JoinClips, Transcoding, Transfer
from presets_store.protocol.parameters.photos import CapturePhoto
from presets_store.protocol.parameters.recording import MultiplexRecording, MultiplexTarget, Recording
from presets_store.protocol.parameters.sound import RecordAudio
from presets_store.protocol.parameters.streams import MultiplexRtmp, Rtmp, SendUdpVideo, Srt
from presets_store.protocol.parameters.udp import ReceiveUdp, SendUdpAudio, StopReceiveUdp
from presets_store.protocol.parsing import problems_of

P = TypeVar("P", bound=WireModel)

WORKFLOW: Final = 33
MAX_STEPS: Final = 100

PARAMETER_MODELS: Final[Mapping[int, type[WireModel]]] = MappingProxyType(
    {
        1: Recording,
        2: NoParameters,
        3: SendActionSync,
        5: ReceiveActionSync,
        6: StopReceiveActionSync,
        12: Transcoding,
        13: Transfer,
        14: Rtmp,
        15: NoParameters,
        16: ConcatenateClips,
        22: UpdateSetting,
        24: Conference,
        25: NoParameters,
        27: ClearFlagQueue,
        28: CameraMultiplex,
        29: MultiplexRecording,
        30: SendActionSync,
        31: MultiplexConference,
        32: MultiplexRtmp,
        WORKFLOW: WorkflowStep,
        34: ReceiveActionSync,
        36: CaptureFrames,
        37: MultiplexTarget,
        39: MultiplexTarget,
        43: SendUdpVideo,
        45: ReceiveUdp,
        46: StopReceiveUdp,
        47: SendUdpAudio,
        49: ReceiveUdp,
        50: StopReceiveUdp,
        51: SendUdpAudio,
        53: ReceiveUdp,
        54: StopReceiveUdp,
        55: MicrophoneMultiplex,
        60: RecordAudio,
        62: CapturePhoto,
        64: Srt,
    }
)
"""By event type number. The workflow's model is that of one member of its list."""

__all__ = [
    "PARAMETER_MODELS",
    "Bars",
    "EndProcess",
    "ExtractVideo",
    "JoinClips",
    "MultiplexTarget",
    "Parameters",
    "RemoveNetwork",
    "SetVolume",
    "StartParameters",
    "TestEvent",
    "UpdateNetworks",
    "UpdateSoftware",
    "WifiConnection",
    "parameters_text",
    "parse_parameters",
    "read_parameters",
    "read_workflow",
]


def parameters_text(text: str) -> str:
    """What is stored for `eventParameters`: the text as it came, `{}` for an empty one."""
    return text if text.strip() else "{}"


def parse_parameters(event_type: EventType, text: str) -> Any:
    """The JSON value of `eventParameters`, as it came (unknown keys kept, defaults not filled in); `{}` for "".

    Raises BadJson with the position, BadParameters naming each wrong member when the contract tells the type's class.
    """
    value = _value_of(text)
    if isinstance(value, dict) and any(name.casefold() == "eventparameters" for name in value):
        # Unknown members are kept, so this common slip would pass, and every parameter would have its default.
        problem = FieldProblem("eventParameters", "is nested in itself", "the inner members alone")
        raise BadParameters([problem], event_type=event_type.wire_name)
    if event_type.id == WORKFLOW:
        _validate_steps(value)
    elif event_type.id in PARAMETER_MODELS:
        _validate(PARAMETER_MODELS[event_type.id], value, event_type.wire_name)
    return value


def read_parameters(model: type[P], text: str, event_type: EventType) -> P:
    """`eventParameters` as `model`, defaults filled in. Raises BadJson, BadParameters."""
    return _validate(model, _value_of(text), event_type.wire_name)


def read_workflow(text: str) -> list[WorkflowStep]:
    """The steps of a workflow in order; none for an empty text. Raises BadJson, BadParameters."""
    return _validate_steps(_value_of(text))


def _value_of(text: str) -> Any:
    return read_json(parameters_text(text), "eventParameters")


def _validate(model: type[P], value: Any, name: str) -> P:
    try:
        return model.model_validate(value, context=FROM_WIRE, by_alias=True, by_name=False)
    except ValidationError as error:
        raise BadParameters(problems_of(error, model), event_type=name) from None


def _validate_steps(value: Any) -> list[WorkflowStep]:
    name = EVENT_TYPES[WORKFLOW].wire_name
    if value == {}:
        return []
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        expected = f"a list of at most {MAX_STEPS} objects with deviceID and eventPresetID"
        raise BadParameters([FieldProblem("", "is not the steps of a workflow", expected)], event_type=name)
    steps, problems = [], []
    for index, member in enumerate(value):
        try:
            steps.append(_validate(WorkflowStep, member, name))
        except BadParameters as error:
            problems += [found.inside(index) for found in error.problems]
    if problems:
        raise BadParameters(problems, event_type=name)
    return steps
