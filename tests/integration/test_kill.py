"""`kill -9` of the agent and of the camera host in each of the seven stages of an event (design.md section 2).

Each run queues three events (a recording, a test event, a test stop), dies at a chosen place, starts again, and then
must show: no accepted event lost, no second start within an attempt (by the journal that the file source itself keeps),
every clip plays to its last whole fragment, every outcome reported to the far end of the network.
"""

import http.client
import json
import random
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import TERMINAL, AgentProcess, wait_for
from fakes.clips import assert_clips_are_whole
from fakes.far_end import FarEnd
from fakes.soak import SOAKING, seeded, told

from hardware.sources.journal import read_journal

STAGES = ("receive", "accept", "dispatch", "act", "progress", "finish", "report")
KILLABLE = (str(Path(__file__).parents[1] / "fakes" / "killable_agent.py"),)
SECONDS = 1.5
COMPLETE, ERROR = 4, 5


@dataclass(frozen=True)
class Plan:
    """One run: where it dies, who dies, and the seed of everything else."""

    stage: str
    when: str
    who: str
    times: int
    delay: float
    attempts: int
    seed: int

    def __str__(self) -> str:
        return f"{self.stage}-{self.when}-{self.who}-{self.times}-{self.seed}"

    @property
    def order(self) -> str:
        return f"{self.stage}:{self.when}:{self.who}:{self.times}:{self.delay}"


REACHED = {"receive": 3, "accept": 3, "dispatch": 2, "act": 1, "progress": 2, "finish": 2, "report": 3}
"""How often a run reaches the place at least."""


def plans() -> list[Plan]:
    """20 runs in `make test` (every stage at least twice, both victims); in `make soak` 15 per stage and victim."""
    chance = seeded("kill")
    places = [(stage, when, "agent") for stage in STAGES for when in ("before", "after")]
    places += [(stage, "after", "host") for stage in ("dispatch", "act", "act", "progress", "progress", "finish")]
    if SOAKING:
        pairs = [(stage, who) for stage in STAGES for who in ("agent", "host")]
        places = [(stage, chance.choice(["before", "after"]), who) for stage, who in pairs for _ in range(15)]
    return [plan(chance, *place) for place in places]


def plan(chance: random.Random, stage: str, when: str, who: str) -> Plan:
    delay = chance.choice([0.0, round(chance.uniform(0, 0.3), 3)])
    return Plan(
        stage,
        when,
        who,
        chance.randint(1, REACHED[stage]),
        delay,
        chance.choice([1, 2, 3, 5]),
        chance.randint(0, 10**6),
    )


class Sender:
    """Asks for events until each was acknowledged, as a sender must; a repeat carries the same idempotency key."""

    def __init__(self, agent: AgentProcess, wanted: list[dict[str, Any]]) -> None:
        self._agent = agent
        self._open = [(body, str(uuid.uuid4())) for body in wanted]
        self.accepted: list[int] = []

    def send(self) -> None:
        """Sends what is not yet acknowledged; stops when the agent dies."""
        while self._open and self._agent.running:
            body, name = self._open[0]
            try:
                status, answer = self._agent.request("POST", "/v1/event", body, Idempotency_Key=name)
            except (OSError, http.client.HTTPException):
                return
            assert status == 200, answer
            self.accepted.append(int(answer["eventID"]))
            self._open.pop(0)


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize("plan", plans(), ids=str)
def test_a_kill_loses_nothing_and_repeats_nothing(plan: Plan, tmp_path: Path) -> None:
    far_end = FarEnd(plan.seed, rudeness=0.2)
    agent = AgentProcess(
        tmp_path,
        CUELIGHT_UPSTREAM__URL=far_end.url,
        CUELIGHT_UPSTREAM__ACCESS_KEY="a2V5LTAx==",
        CUELIGHT_UPSTREAM__SECRET_KEY="far-end-secret",
    )
    try:
        run(agent, plan, far_end)
        check(agent, plan, far_end)
    finally:
        agent.kill()
        far_end.close()


def run(agent: AgentProcess, plan: Plan, far_end: FarEnd) -> None:
    """Dies at the plan's place, comes back, and goes on until every event has ended and was reported."""
    wanted = [
        agent.event_body("Video_Start_recording", plan.attempts, {"durationSeconds": SECONDS}),
        agent.event_body("Video_Test_event", plan.attempts, {"durationSeconds": 1}),
        agent.event_body("Video_Test_stop", 0, {}),
    ]
    mark = agent.state.parent / "killed"
    agent.start(KILLABLE, KILL_AT=plan.order, KILL_MARK=str(mark))
    sender = Sender(agent, wanted)
    sender.send()
    wait_for(lambda: mark.exists() or settled(agent, sender, far_end), 60, "the kill, or the end of all events")
    wait_for(mark.exists, 10, "the kill: its place was not reached")
    if plan.who == "agent":
        agent.wait()
        agent.start()
        assert agent.running, agent.logged()
    sender.send()
    wait_for(lambda: settled(agent, sender, far_end), 90, "every event to end and to be reported")
    assert agent.stop() == 0
    assert len(sender.accepted) == len(wanted)
    told("kill", stage=plan.stage, when=plan.when, who=plan.who, seed=plan.seed)


def settled(agent: AgentProcess, sender: Sender, far_end: FarEnd) -> bool:
    """Whether all accepted events have ended and the far end has heard of all events that there are."""
    try:
        events = [agent.event(key) for key in sender.accepted]
        status, everything = agent.request("POST", "/v1/event/list", {"deviceID": 0})
    except (OSError, http.client.HTTPException):
        return False
    ended = all(event["eventStatus"] in TERMINAL for event in events)
    return status == 200 and ended and len(far_end.reports) == len(everything)


def check(agent: AgentProcess, plan: Plan, far_end: FarEnd) -> None:
    """What must be true in the end, whatever died."""
    for reports in far_end.reports.values():
        assert len({json.dumps(report, sort_keys=True) for report in reports}) == 1, (
            "one outcome, told the same each time"
        )
    outcomes = {name: reports[0] for name, reports in far_end.reports.items()}
    assert len(outcomes) == 3, "an event was doubled"
    check_starts(agent, outcomes, host_died=plan.who == "host")
    recording = next(outcome for outcome in outcomes.values() if outcome["eventTypeID"] == 1)
    check_recording(agent, plan, recording)
    assert_clips_are_whole(agent.media)


def check_starts(agent: AgentProcess, outcomes: dict[str, Any], *, host_died: bool) -> None:
    """By the source's journal: each attempt started at most once, and went on only after its host had died."""
    started = [str(entry["consumer"]) for entry in read_journal(agent.journal) if entry["what"] == "start"]
    assert len(started) == len(set(started)), "the same start twice"
    for consumer in started:
        name, attempt, continuation = consumer.split("/")
        assert int(attempt) <= max(1, outcomes[name]["maxAttempts"]), "more attempts than allowed"
        assert int(attempt) <= outcomes[name]["attemptNumber"]
        assert continuation == "0" or host_died, "a continuation although no host had died"


def check_recording(agent: AgentProcess, plan: Plan, outcome: dict[str, Any]) -> None:
    """Complete with its whole length less the cut, or Error `interrupted` with its attempts used up."""
    result = json.loads(outcome["result"])
    if outcome["eventStatus"] == COMPLETE:
        assert sum(clip["seconds"] for clip in result["clips"]) >= SECONDS - 0.25
    else:
        assert outcome["eventStatus"] == ERROR, outcome
        assert result["code"] == "interrupted", result
        assert outcome["attemptNumber"] == max(1, outcome["maxAttempts"])
    on_disk = {path.name for path in agent.media.rglob("*.mp4")}
    assert {Path(clip["file"]).name for clip in result.get("clips", ())} == on_disk, "result and folder disagree"
