"""The schema of what `eventParameters` holds as text: it depends on the type of the event."""

from collections.abc import Mapping
from typing import Any, Final

from presets_store.api.openapi.schemas import EVENT_PARAMETERS, REQUEST, Model, Schemas
from presets_store.protocol.base import WireModel
from presets_store.protocol.event_types import EVENT_TYPES
from presets_store.protocol.parameters import MAX_STEPS, PARAMETER_MODELS, WORKFLOW

BY_TYPE: Final = "x-event-types"
"""The extension that maps each event type to its schema."""

_DESCRIPTION: Final = (
    "What the text of `eventParameters` holds. It depends on the type of the event: `x-event-types` names the schema of"
    " each type whose members are checked when the event or preset is accepted. For all other types any JSON is"
    " accepted, and the action checks it. An empty text stands for `{}`."
)


def parameter_models() -> tuple[Model, ...]:
    """The models of all parameters that are checked."""
    return tuple((model, REQUEST) for model in PARAMETER_MODELS.values())


def add_event_parameters(schemas: Schemas) -> None:
    """Adds the component that `eventParameters` refers to as its content."""
    by_type = {
        EVENT_TYPES[number].wire_name: _schema(number, model, schemas) for number, model in PARAMETER_MODELS.items()
    }
    schemas.components[EVENT_PARAMETERS] = {"description": _DESCRIPTION, BY_TYPE: by_type}


def _schema(number: int, model: type[WireModel], schemas: Schemas) -> Mapping[str, Any]:
    one = schemas.of(model, REQUEST)
    if number != WORKFLOW:
        return one
    return {"anyOf": [{"type": "array", "items": one, "maxItems": MAX_STEPS}, {"type": "object", "maxProperties": 0}]}
