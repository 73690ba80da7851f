"""Where small documents are kept, in memory: in place of the sealed cache."""

import json
from collections.abc import Mapping
from typing import Any


class KeptDocuments:
    """`entries` as the sealed cache would have them. `failing`: what the next write raises."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.failing: Exception | None = None

    def document(self, name: str) -> dict[str, Any] | None:
        kept = self.entries.get(name)
        return None if kept is None else dict(json.loads(kept))

    async def keep(self, entries: Mapping[str, bytes | None]) -> int:
        if self.failing is not None:
            raise self.failing
        for name, value in entries.items():
            if value is None:
                self.entries.pop(name, None)
            else:
                self.entries[name] = value
        return len(entries)
