"""The agent as it is, but for one thing: it knows what is in its sealed cache without reading it.

Environment variable BENCH_SEALED_ENTRIES has the entries, a JSON object of base64 texts. What is written goes nowhere.
"""

import importlib
import os
import sys
import types
from typing import Any

ENTRIES = "BENCH_SEALED_ENTRIES"


class NoCache:
    """In place of the cache: takes everything, keeps nothing."""

    def update(self, *_: object) -> None:
        return

    def close(self) -> None:
        return


def main() -> int:
    # diskcache is loaded for the cache alone: an agent without it would not pay for that either.
    sys.modules["diskcache"] = types.SimpleNamespace(Cache=object, Disk=object, Timeout=OSError)  # type: ignore[assignment]
    program: Any = importlib.import_module("agent.__main__")
    importing: Any = importlib.import_module("agent.startup.importing")
    importing.importlib = types.SimpleNamespace(import_module=_without_cache)
    code: int = program.main()
    return code


def _without_cache(name: str) -> Any:
    """What imports the agent's two halves calls it, when the first camera host is on its way."""
    import base64  # not before: the host would have to wait for it
    import json
    from concurrent.futures import ThreadPoolExecutor

    module = importlib.import_module(name)
    state, report = sys.modules["agent.startup.sealed"].SealedState, sys.modules["presets_store.cache"].CacheReport
    entries = {key: base64.b64decode(value) for key, value in json.loads(os.environ[ENTRIES]).items()}

    async def opened(*_: object) -> tuple[Any, Any]:
        return state(ThreadPoolExecutor(1), NoCache(), entries), report()

    state.open = opened
    return module


if __name__ == "__main__":
    sys.exit(main())
