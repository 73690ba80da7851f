"""The recovery ladder of a real agent: a camera that opening anew does not cure gets another host."""

import time
from pathlib import Path

from fakes.agent_process import host_of, result_of, running_agent, wait_for
from fakes.emulator.camera import EmulatedCamera
from fakes.emulator.pictures import Mode

COMPLETE, PROCESSING = 4, 3


def test_a_camera_that_stays_silent_gets_a_new_host_and_the_recording_goes_on(tmp_path: Path) -> None:
    with EmulatedCamera(tmp_path / "camera", modes=(Mode("MJPG", 640, 480),)) as camera:
        settings = {"id": "main", "backend": "v4l2", "address": str(camera.by_id)}
        with running_agent(tmp_path, camera=settings, **camera.environment) as agent:
            event = agent.create_event("Video_Start_recording", encoding="copy")
            wait_for(lambda: agent.event(event)["eventStatus"] == PROCESSING, 10, "the recording to begin")
            time.sleep(2)
            first = host_of(agent, "main")
            camera.fault("stall")
            before = len(camera.journal().frames)
            wait_for(lambda: "its host is replaced" in agent.logged(), 20, "a new host")
            camera.clear()
            wait_for(lambda: len(camera.journal().frames) > before + 60, 20, "two more seconds of film")
            agent.create_event("Video_Stop_recording")
            ended = agent.wait_for_event(event, 40)
            assert host_of(agent, "main") != first
            assert agent.stop() == 0
    result = result_of(ended)
    assert ended["eventStatus"] == COMPLETE
    assert len(result["clips"]) >= 2, "what was filmed before is a clip of its own"
    assert any("no picture from" in note for note in result["notes"])
    assert "Traceback" not in agent.logged()
