"""The command `cuelight`. The agent itself starts without the libraries of the other commands: they would stay."""

import importlib
import sys

HELP = {"--help", "-h"}


def main() -> int:
    """Runs the command of `sys.argv`; answers its exit code (agent.cli.exit_codes)."""
    arguments = sys.argv[1:]
    only_run = arguments[:1] == ["run"] and not HELP.intersection(arguments)
    module = importlib.import_module("agent.cli.run" if only_run else "agent.cli.main")
    code: int = module.main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
