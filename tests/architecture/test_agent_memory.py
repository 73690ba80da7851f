"""What a running agent has in memory, after it has worked: neither codecs nor the command line's libraries."""

import os
import signal
from pathlib import Path

from fakes.agent_process import AgentProcess, wait_for

ABSENT = ("av", "cv2", "numpy", "typer", "rich", "click", "alembic", "asyncpg", "apprise")

PROGRAM = """
import os, signal, sys
from pathlib import Path
from agent.__main__ import main

def tell(*_):
    Path(os.environ["MODULES"]).write_text(" ".join(sorted(sys.modules)) + " .")

signal.signal(signal.SIGUSR1, tell)
sys.exit(main())
"""


def test_the_agent_holds_no_codec_and_no_command_line(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    agent = AgentProcess(tmp_path)
    agent.start(("-c", PROGRAM), MODULES=str(modules))
    try:
        key = agent.create_event("Video_Start_recording", durationSeconds=0.5)
        assert agent.wait_for_event(key)["eventStatus"] == 4
        mapped = Path(f"/proc/{agent.pid}/maps").read_text()
        os.kill(agent.pid, signal.SIGUSR1)
        names = wait_for(
            lambda: modules.exists() and modules.read_text().endswith(" .") and modules.read_text(), 5, "it"
        )
        assert agent.stop() == 0
    finally:
        agent.kill()
    loaded = set(names.split())
    assert {"agent.app", "aiohttp", "sqlalchemy", "hardware.client"} <= loaded
    assert not loaded.intersection(ABSENT)
    assert not [name for name in ABSENT if f"/site-packages/{name}" in mapped]
