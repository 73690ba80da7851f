"""How the processes of this package are started."""

import os
import sys

HOST_MODULE = "hardware.host"
JOBS_MODULE = "hardware.jobs"


def module_command(module: str, *arguments: str) -> tuple[str, ...]:
    """The command line that runs `module` in a process of its own.

    -P: a folder of the package's name in the working directory must not win over the installed one.
    """
    return (sys.executable, "-P", "-m", module, *arguments)


def child_environment() -> dict[str, str]:
    """This process's environment with what keeps a child small: few malloc arenas, no pool of OpenBLAS threads.

    The thresholds keep the memory of pictures in use: to give it back and take it anew for each one costs more than the
    rest of recording them.
    """
    kept = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 20)}
    return {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", **kept, **os.environ}
