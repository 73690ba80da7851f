"""`make demo`: the whole story on this machine, as a transcript. Exit code 0 only if each step was verified."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from scripts.demo.machines import Machine
from scripts.demo.stage import Stage, StepFailed
from scripts.demo.story import GRACE, Story

LOG_LINES = 15
INTERRUPTED = 130
TERMINATED = 143

WHAT = (
    "Two devices on this machine: `porch` has a camera (footage of a street, where every other device has a lens), "
    "`hub` has none and takes the reports of `porch`. Whatever is typed here ($) runs as it stands, with "
    "CUELIGHT_STATE_FOLDER set to the folder of that device. "
    "The porch gives the hub {grace:g} s to answer when it starts."
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each recording (default: 4)")
    length = parser.parse_args().seconds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    folder = Path(tempfile.mkdtemp(prefix="cuelight-demo-"))
    stage = Stage()
    porch = Machine("porch", folder, {"id": "main", "name": "Street", "backend": "file"})
    hub = Machine("hub", folder, {"id": "none", "name": "No camera", "backend": "null"})
    started = time.monotonic()
    failed = False
    try:
        stage.say("cuelight, the whole story", "bold")
        stage.say(WHAT.format(grace=GRACE))
        Story(stage, porch, hub, length).run()
    except StepFailed as failure:
        failed = True
        conclude_failed(stage, failure, [porch, hub])
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        for machine in (porch, hub):
            machine.kill()
        if not failed:
            shutil.rmtree(folder)
    conclude(stage, time.monotonic() - started)
    return 0


def conclude(stage: Stage, seconds: float) -> None:
    stage.ledger()
    facts = sum(len(step.facts) for step in stage.steps)
    stage.say(f"All {len(stage.steps)} steps are verified by {facts} facts, in {seconds:.0f} s.", "bold green")


def conclude_failed(stage: Stage, failure: StepFailed, machines: list[Machine]) -> None:
    """What failed, and the last lines of the logs."""
    stage.ledger()
    stage.say(f"{failure} was not verified:", "bold red")
    for text in (text for holds, text in stage.steps[-1].facts if not holds):
        stage.output(text)
    for machine in machines:
        stage.say(f"The end of {machine.log}:", "bold")
        for line in machine.log.read_text(errors="replace").splitlines()[-LOG_LINES:] if machine.log.exists() else []:
            stage.output(line)
    stage.say(f"Everything is kept in {machines[0].state.parent}", "bold")


if __name__ == "__main__":
    sys.exit(main())
