"""The command `cuelight`. The agent itself starts without the libraries of the other commands: they would stay.

Its first camera host is started before anything else is imported: the two then load side by side.
"""

import contextlib
import os
import sys

from agent.startup.importing import imported
from hardware.prespawn import prespawn

HELP = {"--help", "-h"}


def main() -> int:
    """Runs the command of `sys.argv`; answers its exit code (agent.cli.exit_codes)."""
    # Else pydantic looks through all installed packages for plugins of its own, of which there are none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    arguments = sys.argv[1:]
    only_run = arguments[:1] == ["run"] and not HELP.intersection(arguments)
    if only_run:
        spawned = None
        with contextlib.suppress(OSError):  # the camera's supervision tries again, and tells why
            spawned = prespawn()
        code: int = imported("agent.cli.run").main(arguments, spawned)
    else:
        code = imported("agent.cli.main").main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
