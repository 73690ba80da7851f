"""Workflows: how a step's event names its workflow, and which steps go on until they are stopped. Pure."""

from typing import ClassVar

from presets_store.errors import CuelightError, Kind
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import PARAMETER_MODELS, Bars, StartParameters, read_parameters
from presets_store.protocol.parameters.photos import CapturePhoto
from presets_store.rules.event import Event

STEP_PREFIX = "workflow:"
_BARS = 9


class NestedWorkflow(CuelightError):
    """A workflow as a step of a workflow."""

    code: ClassVar[str] = "nested_workflow"
    kind: ClassVar[Kind] = Kind.INVALID
    template: ClassVar[str] = "{what} is a workflow itself; a workflow's steps must be other presets"


def step_cause(workflow_uuid: str, index: int | str = "") -> str:
    """The cause of the event of step `index` (from 0); without an index what the causes of all steps begin with."""
    return f"{STEP_PREFIX}{workflow_uuid}:{index}"


def workflow_of(event: Event) -> str:
    """The uuid of the workflow of which the event is a step; "" when it is none."""
    return event.cause.removeprefix(STEP_PREFIX).partition(":")[0] if event.cause.startswith(STEP_PREFIX) else ""


def is_step(event: Event) -> bool:
    """Whether its cause names a step; a peer that records what ended elsewhere may write anything there."""
    return bool(workflow_of(event)) and event.cause.rpartition(":")[2].isdecimal()


def step_index(event: Event) -> int:
    """Which step (from 0) of its workflow the event is; for events of steps only."""
    return int(event.cause.rpartition(":")[2])


def goes_on(event: Event) -> bool:
    """Whether it goes on until something stops it: a Start type without a duration, photos at an interval.

    Such a step is done at its first frame, any other one at its end.
    """
    model = Bars if event.event_type_id == _BARS else PARAMETER_MODELS.get(event.event_type_id)
    if model is None or not issubclass(model, StartParameters):
        return False
    try:
        given = read_parameters(model, event.event_parameters, EVENT_TYPES[event.event_type_id])
    except CuelightError:
        return False  # it ends at once, as Error
    return not given.duration_seconds and not (isinstance(given, CapturePhoto) and not given.interval_seconds)
