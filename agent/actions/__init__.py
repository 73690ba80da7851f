"""The table of what this agent can do: event type id -> action. A new action is one line here."""

from collections.abc import Mapping
from typing import Protocol

from agent.actions.bars import StartBars, StopBars
from agent.actions.box.networks import AddNetwork, RemoveNetwork, SendNetworkList, UpdateNetworks
from agent.actions.box.power import RebootDevice, RestartAgents
from agent.actions.box.queues import ClearQueue
from agent.actions.box.registered import DeviceRegistered
from agent.actions.box.update import UpdateSoftware
from agent.actions.box.volumes import SetVolume
from agent.actions.files.concatenate import ConcatenateFiles
from agent.actions.files.extract import ExtractVideo
from agent.actions.files.transcode import TranscodeFile
from agent.actions.files.transfer import TransferFile
from agent.actions.frames import StartFrames
from agent.actions.multiplex import StartCameraMultiplex
from agent.actions.photos import StartPhotos, StopPhotos
from agent.actions.process import EndProcess
from agent.actions.recording import StartRecording, StopRecording
from agent.actions.sound import StartSound, StopSound
from agent.actions.streams import StartStream, StopStream
from agent.actions.trial import TestEvent, TestStop
from agent.actions.update_setting import UpdateSetting
from agent.actions.workflow import EventPresetWorkflow
from agent.context import Context
from agent.running import ActionTraits, Parameters, Result, SinkKind


class Action(Protocol):
    """One kind of work. `run` returns the result of a Complete event, or raises (Stopped, Failed, CuelightError)."""

    @property
    def traits(self) -> ActionTraits: ...

    async def run(self, context: Context, parameters: Parameters) -> Result: ...


ACTIONS: Mapping[int, Action] = {
    1: StartRecording(),
    2: StopRecording(),
    7: TestEvent(),
    9: StartBars(),
    10: StopBars(),
    11: TestStop(),
    12: TranscodeFile(),
    13: TransferFile(),
    14: StartStream(SinkKind.RTMP),
    15: StopStream(SinkKind.RTMP),
    16: ConcatenateFiles(),
    17: AddNetwork(),
    18: RemoveNetwork(),
    19: UpdateNetworks(),
    20: SendNetworkList(),
    21: UpdateSoftware(),
    22: UpdateSetting(),
    23: ExtractVideo(),
    26: ConcatenateFiles(),
    27: ClearQueue(),
    28: StartCameraMultiplex(),
    29: StartRecording(),
    32: StartStream(SinkKind.RTMP),
    33: EventPresetWorkflow(),
    35: EndProcess(),
    36: StartFrames(),
    37: StopRecording(),
    38: StopStream(SinkKind.RTMP),
    40: StopPhotos(SinkKind.FRAMES),
    42: RebootDevice(),
    43: StartStream(SinkKind.UDP),
    44: StopStream(SinkKind.UDP),
    56: SetVolume("input"),
    57: SetVolume("output"),
    58: RestartAgents(),
    59: DeviceRegistered(),
    60: StartSound(),
    61: StopSound(),
    62: StartPhotos(),
    63: StopPhotos(SinkKind.PHOTOS),
    64: StartStream(SinkKind.SRT),
}


def traits_of(event_type_id: int) -> ActionTraits:
    """The traits of the type's action; plain ones for a type without an action."""
    action = ACTIONS.get(event_type_id)
    return action.traits if action else ActionTraits()
