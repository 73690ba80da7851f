"""An empty database of the present schema: where tests are not about making it, a child with Alembic need not."""

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MAKE = """
import asyncio, sys
from presets_store.storage import open_database
async def make():
    await (await open_database(f"sqlite:///{sys.argv[1]}")).close()
asyncio.run(make())
"""


def place_database(path: Path) -> None:
    """Makes the folder of `path`, as its owner would, with the database in it; leaves a folder that is there alone."""
    if path.parent.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True)
    shutil.copyfile(_template(), path)
    path.chmod(0o600)


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cue-database-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([sys.executable, "-P", "-c", _MAKE, folder / "made.db"], cwd=ROOT, check=True)
    return folder / "made.db"
