"""The root-owned part of updates: `/usr/bin/python3 -I /usr/lib/cuelight/helper COMMAND` (see docs/updates.md).

The standard library alone: this works while /opt/cuelight is half replaced.
"""

import sys

sys.dont_write_bytecode = True  # what the package did not bring shall not lie beside it

from cuelight_helper.main import main  # noqa: E402  # after the line above

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
