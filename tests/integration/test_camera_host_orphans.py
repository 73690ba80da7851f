"""What a camera host does when its agent is gone, or talks nonsense."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.hosts import BareAgent, file_camera
from fakes.recording import check_clip, make_order

from hardware.models import CameraReport, ClipFile, Configure, Greeting, SinkProgress
from hardware.sources.journal import read_journal
from hardware.wire import FrameKind, pack


@pytest.mark.parametrize("end", ["socket", "sigterm"])
def test_an_orphaned_host_closes_its_segment_and_ends_within_two_seconds(end: str, tmp_path: Path) -> None:
    with BareAgent() as agent:
        agent.wait_for(Greeting)
        agent.send(Configure(spec=file_camera(tmp_path), run_folder=str(tmp_path)), make_order(tmp_path))
        agent.wait_for(SinkProgress)
        began = time.monotonic()
        if end == "socket":
            agent.socket.close()
        else:
            agent.process.terminate()
        assert agent.process.wait(5.0) == 0
        assert time.monotonic() - began < 2.0
    clip = ClipFile.model_validate_json((tmp_path / "one-0.mp4.json").read_text())
    check_clip(tmp_path, clip)
    assert [line["what"] for line in read_journal(tmp_path / "journal.jsonl")] == ["open", "start", "end", "close"]


def test_a_killed_agent_leaves_no_host(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from typing import Self
from fakes.recording import make_order
from hardware.client import CameraClient
from hardware.models import CameraSpec
async def main(folder):
    client = CameraClient(CameraSpec(camera_id="street", name="Street", backend="file"), folder)
    await client.start()
    async for _ in await client.record(make_order(folder)):
        print(client.pid, flush=True)
asyncio.run(main(Path(sys.argv[1])))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    agent = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True, env=environment)
    with agent:
        assert agent.stdout is not None
        host = int(agent.stdout.readline())
        agent.stdout.readline()
        agent.kill()
        killed = time.monotonic()
        while Path(f"/proc/{host}/stat").exists() and "Z" not in Path(f"/proc/{host}/stat").read_text().split()[2]:
            assert time.monotonic() - killed < 2.0
            time.sleep(0.01)
    assert json.loads((tmp_path / "one-0.mp4.json").read_text())["closed"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xffJ",
        b"\0\0\0\0X",
        pack(FrameKind.JSON, b"{}"),
        pack(FrameKind.JSON, b'{"type":"keep_warm","on":true}'),
        pack(FrameKind.JSON, b'{"type":"configure","version":2,"run_folder":"/","spec":{}}'),
    ],
)
def test_a_host_that_gets_nonsense_ends(data: bytes) -> None:
    with BareAgent() as agent:
        agent.wait_for(Greeting)
        agent.socket.sendall(data)
        assert agent.process.wait(5.0) == 0


def test_a_host_tells_its_camera_state_only_with_the_lock(tmp_path: Path) -> None:
    configure = Configure(spec=file_camera(tmp_path), run_folder=str(tmp_path))
    with BareAgent() as agent:
        agent.send(configure)
        report = agent.wait_for(CameraReport)
        assert isinstance(report, CameraReport)
        assert report.state == "closed"
        assert (tmp_path / "street.lock").exists()
