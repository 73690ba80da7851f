"""SIGKILL at every step of a removal: at the next start the clip is whole, or removed; never missing."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.agent_process import ROOT
from fakes.media_folder import MediaFolder
from fakes.served_store import ServedStore

from presets_store.storage.records import ClipState

REMOVE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from agent.media.retention.burial import remove

left = int(sys.argv[2])

def dying(event, _):
    global left
    if event in ("os.rename", "os.remove"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(dying)
remove(Path(sys.argv[1]), noted=sys.argv[3] == "True")
"""
"""Dies before the step of the given number: a name is changed or removed."""


def removed_until(path: Path, step: int, *, noted: bool) -> int:
    """The exit code."""
    command = [sys.executable, "-P", "-c", REMOVE_AND_DIE, str(path), str(step), str(noted)]
    return subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, check=False).returncode


@pytest.mark.parametrize(("noted", "steps"), [(True, 6), (False, 5)])
async def test_a_kill_at_any_step_of_a_removal(store: ServedStore, tmp_path: Path, noted: bool, steps: int) -> None:
    """Sidecar to tombstone, media, mark, thumbnails, and, when the index was told before, the tombstone."""
    media = MediaFolder(store, tmp_path)
    paths = [media.write(f"{step}-0.mp4", thumbnail=f"{step}-0.jpg") for step in range(steps + 1)]
    for path in paths:
        path.with_suffix(".jpg").write_bytes(b"small")
    await media.library.reconcile()
    for step, path in enumerate(paths):
        if noted:
            assert await store.services.clips.mark_removed([media.library.relative(path)]) == set()
        code = await asyncio.to_thread(removed_until, path, step, noted=noted)
        assert code == (-signal.SIGKILL if step < steps else 0), "these are all the steps"
    await media.library.reconcile()
    assert not await media.library.reconcile()
    states = [(await media.clips())[path.name].state for path in paths]
    assert states == [ClipState.CLOSED, *[ClipState.REMOVED] * steps]
    assert media.names() == ["0-0.jpg", "0-0.mp4", "0-0.mp4.json"]
