"""The parameters of an event as actions read them: exact names, checked values, and only what was given."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from presets_store.protocol.base import WireModel
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import (
    PARAMETER_MODELS,
    WORKFLOW,
    Bars,
    EndProcess,
    ExtractVideo,
    JoinClips,
    MultiplexTarget,
    Parameters,
    RemoveNetwork,
    SetVolume,
    TestEvent,
    UpdateNetworks,
    UpdateSoftware,
    WifiConnection,
    read_parameters,
    read_workflow,
)
from presets_store.rules.event import Event

_MODELS: Mapping[int, type[WireModel]] = MappingProxyType(
    {
        **PARAMETER_MODELS,
        7: TestEvent,
        9: Bars,
        16: JoinClips,
        17: WifiConnection,
        18: RemoveNetwork,
        19: UpdateNetworks,
        21: UpdateSoftware,
        23: ExtractVideo,
        26: JoinClips,
        35: EndProcess,
        38: MultiplexTarget,
        56: SetVolume,
        57: SetVolume,
    }
)
"""Beside what is checked when an event is accepted: the types that are checked here."""


def parameters_of(event: Event) -> dict[str, Any]:
    """By wire name, without defaults: a member that is absent was left to the device. Raises BadJson, BadParameters.

    Those of a workflow are one member `steps`, a list of WorkflowStep.
    """
    return parameters_in(event.event_type_id, event.event_parameters)


def parameters_in(event_type_id: int, text: str) -> dict[str, Any]:
    """As `parameters_of`, of a text that is no event's yet."""
    if event_type_id == WORKFLOW:
        return {"steps": read_workflow(text)}
    model = _MODELS.get(event_type_id, Parameters)
    given = read_parameters(model, text, EVENT_TYPES[event_type_id])
    return given.model_dump(mode="json", by_alias=True, exclude_unset=True)
