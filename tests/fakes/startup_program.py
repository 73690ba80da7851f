"""The agent as it is, but for what a test may want of a boot.

`BOOT_ID_FILE`: the file whose content is this boot's id. `SWEEP_EVERY` (s): how often it looks after its store.
`DIE_BEFORE`: the name of a step of changing the seal key, before which it ends itself with SIGKILL.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from agent import app, identity
from agent.__main__ import main

STEPS = {
    "keys": "presets_store.services.people.keys.KeysService.reseal",
    "cache": "agent.startup.sealed.SealedState.reseal",
    "finish": "agent.startup.sealkey.finish_rotation",
}
"""Each undoes nothing of the steps before it."""


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    identity.BOOT_ID = Path(os.environ["BOOT_ID_FILE"])
    app.SWEEP_EVERY = float(os.environ.get("SWEEP_EVERY", app.SWEEP_EVERY))
    if os.environ.get("DIE_BEFORE"):
        mock.patch(STEPS[os.environ["DIE_BEFORE"]], die).start()
    sys.exit(main())
