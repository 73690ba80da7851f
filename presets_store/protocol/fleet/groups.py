"""Members of device groups on the wire (events-api.md section 7)."""

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Int
from presets_store.protocol.item_types import ItemType


class CollectionItemRecord(WireModel):
    """A device's place in a group; `key` is what `DELETE /v1/collectionitem/{key}` removes."""

    key: Int = 0
    collection_id: Int = 0
    item_type_id: Int = int(ItemType.DEVICE)
    item_id: Int = 0
