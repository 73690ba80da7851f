"""The story, step by step: what is typed, and what is then looked at. A step proves by facts, never by having run."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from presets_store.protocol.statuses import EventStatus
from scripts.demo.evidence import Deaths, decoded_frames, decoded_size, listens, sha256_of, sqlite_says
from scripts.demo.machines import Machine, until
from scripts.demo.stage import Stage

GRACE = 2.0
"""Seconds that the hub may take at start; by default 15."""

FRONT_DOOR = "Front door"
SNAPSHOT = "Snapshot"
POWER_IS_BACK = "Power is back"

Record = dict[str, Any]


@dataclass
class Story:
    """The two devices and what one step leaves to the next. `length`: seconds of each recording."""

    stage: Stage
    porch: Machine
    hub: Machine
    length: float
    keys: list[str] = field(default_factory=list)
    first_clip: Record = field(default_factory=dict)
    last_event: Record = field(default_factory=dict)

    def run(self) -> None:
        """All of it. Raises StepFailed at the first step that is not verified."""
        for chapter in CHAPTERS:
            with self.stage.step(chapter.title, chapter.proves):
                chapter.tell(self)

    def start(self, machine: Machine) -> None:
        self.stage.prompt(machine, "cuelight run &")
        for line in machine.start():
            self.stage.output(line)

    def create(self, name: str, event_type: str, *options: str) -> int:
        """A new preset on the porch; its ID, which is looked up by its name."""
        self.stage.cuelight(self.porch, "preset", "create", name, event_type, *options)
        own = self.porch.get("/v1/status")["deviceID"]
        presets = self.porch.get(f"/v1/eventpreset/list/device/{own}")
        return next(int(preset["key"]) for preset in presets if preset["eventPresetName"] == name)

    def check_clip(self, event: Record) -> Record:
        """The facts about the one clip of an event that ended: the file against what the result says of it."""
        clips = event["result"].get("clips", [])
        self.stage.same("clips in the result", len(clips), 1)
        clip: Record = clips[0]
        file = self.porch.media(clip["file"])
        frames, rate = decoded_frames(file), event["result"]["granted"]["rate"]
        self.stage.same("a decoder gets as many frames out of the file as the result says", frames, clip["frames"])
        before = event["result"]["preRollSeconds"]
        whole = abs(frames - (self.length + before) * rate) <= 1
        asked = f"{self.length:g} s were asked for" + (f", {before:.1f} s were seen before" if before else "")
        self.stage.fact(whole, f"{asked}; {frames} frames at {rate:g} per second cover them")
        self.check_hash(file, clip["sha256"])
        return clip

    def check_hash(self, file: Path, told: str) -> None:
        found = sha256_of(file)
        self.stage.fact(found == told, f"SHA-256 of the file, which the result tells too: {found[:16]}...")


def two_devices(story: Story) -> None:
    stage, hub, porch = story.stage, story.hub, story.porch
    story.start(hub)
    access, secret = hub.take_key()
    serial = f"{porch.name}-1"
    stage.cuelight(hub, "device", "create", serial, "--name", porch.name)
    porch.environment |= {
        "CUELIGHT_UPSTREAM__URL": hub.url,
        "CUELIGHT_UPSTREAM__ACCESS_KEY": access,
        "CUELIGHT_UPSTREAM__SECRET_KEY": secret,
        "CUELIGHT_STARTUP__GRACE": str(GRACE),
    }
    story.start(porch)
    until(lambda: porch.get("/v1/status")["mode"] != "starting", GRACE + 20, "the porch to find its mode")
    stage.cuelight(porch, "status")
    stage.same("mode of the porch", porch.get("/v1/status")["mode"], "online")
    heard = next(known for known in hub.get("/v1/device/list") if known["serialNumber"] == serial)["lastHeardFromDate"]
    stage.fact(bool(heard), f"the hub heard from it at {heard}")
    story.keys = access_keys(porch)


def create_and_run(story: Story) -> None:
    stage, porch = story.stage, story.porch
    story.create(
        FRONT_DOOR, "Video_Start_recording", "--param", f"durationSeconds={story.length:g}", "--max-attempts", "3"
    )
    shown = stage.cuelight(porch, "preset", "run", FRONT_DOOR, "--watch")
    event = porch.event(porch.events()[0]["key"])
    stage.same("status of the event", EventStatus(event["eventStatus"]).wire_name, "Complete")
    seen = [int(number) for number in re.findall(r"(\d+) ?%", shown)]
    between = sorted({percent for percent in seen if 0 < percent < 100})
    stage.fact(bool(between) and seen == sorted(seen), f"progress came while it ran: {told_percents(between)}")
    story.last_event = event


def clip(story: Story) -> None:
    story.stage.cuelight(story.porch, "clip", "list")
    story.stage.cuelight(story.porch, "clip", "show", "1")
    story.first_clip = story.check_clip(story.last_event)


def photo(story: Story) -> None:
    stage, porch = story.stage, story.porch
    story.create(SNAPSHOT, "Image_Start_taking_photos")
    asked = time.time()
    stage.cuelight(porch, "preset", "run", SNAPSHOT, "--watch")
    photos = porch.event(porch.events()[0]["key"])["result"]["photos"]
    stage.same("photos in the result", len(photos), 1)
    taken = photos[0]
    file = porch.media(taken["file"])
    size = f"{taken['width']} x {taken['height']}"
    stage.same("size of the picture, decoded, as the result says", " x ".join(map(str, decoded_size(file))), size)
    story.check_hash(file, taken["sha256"])
    age = datetime.fromisoformat(taken["time"]).timestamp() - asked
    stage.fact(age >= 0, f"it is not older than the request: taken {age * 1000:.0f} ms after the command began")


def copy(story: Story) -> None:
    stage, porch = story.stage, story.porch
    stage.cuelight(porch, "device", "create", "garden-1", "--name", "garden")
    garden = next(known for known in porch.get("/v1/device/list") if known["deviceName"] == "garden")
    own = f"/v1/eventpreset/list/device/{porch.get('/v1/status')['deviceID']}"
    before = porch.get(own)
    shown = stage.cuelight(porch, "preset", "copy", FRONT_DOOR, "garden")
    stage.fact(porch.get(own) == before, "each preset of the porch is in every member what it was")
    copies = porch.get(f"/v1/eventpreset/list/device/{garden['key']}")
    source = next(preset for preset in before if preset["eventPresetName"] == FRONT_DOOR)
    stage.same("presets of the garden", ", ".join(preset["eventPresetName"] for preset in copies), FRONT_DOOR)
    stage.same("parameters of the copy", copies[0]["eventParameters"], source["eventParameters"])
    stage.fact("warning: " in shown, "what the garden lacks for it is named, not found out at night")


def bind(story: Story) -> None:
    stage, porch = story.stage, story.porch
    key = story.create(
        POWER_IS_BACK, "Video_Start_recording", "--param", f"durationSeconds={story.length:g}", "--max-attempts", "3"
    )
    stage.cuelight(porch, "preset", "startup", POWER_IS_BACK, "--standalone")
    stage.cuelight(porch, "preset", "show", POWER_IS_BACK)
    own = porch.get("/v1/status")["deviceID"]
    stage.same("bound as standalone", porch.get(f"/v1/device/{own}")["standaloneEventPresetID"], key)
    plain = POWER_IS_BACK.encode()
    stage.fact(plain in all_bytes(porch.state, "cuelight.db*"), "its name can be read in the files of the database")
    cache = all_bytes(porch.state / "sealed", "*")
    stage.fact(bool(cache) and plain not in cache, f"and not in those of the sealed cache ({len(cache)} bytes)")


def kill_everything(story: Story) -> None:
    stage, hub, porch = story.stage, story.hub, story.porch
    pids = [pid for machine in (porch, hub) for pid in machine.processes()]
    deaths = Deaths(pids)
    stage.shell(porch, f"kill -9 {' '.join(map(str, pids))}")
    stage.same("two agents and their camera hosts are dead", deaths.await_all(5), 4)
    stage.same("the agents were ended by signals", f"{-porch.ended(5)} and {-hub.ended(5)}", "9 and 9")
    stage.cuelight(porch, "status", code=4)


def destroy_the_database(story: Story) -> None:
    stage, porch = story.stage, story.porch
    stage.same("complaints of SQLite about cuelight.db before", sqlite_says(porch.database) or "none", "none")
    stage.shell(porch, "shred -n 1 cuelight.db*")
    said = sqlite_says(porch.database)
    stage.fact(bool(said), f"and after: {said or 'none'}")
    left = all_bytes(porch.state, "cuelight.db*")
    stage.fact(FRONT_DOOR.encode() not in left, f"no preset can be found in the {len(left)} bytes that are left")


def start_without_network(story: Story) -> None:
    stage, hub, porch = story.stage, story.hub, story.porch
    noise = porch.database.read_bytes()[:4096]
    stage.fact(not listens(hub.port), f"nobody listens at {hub.url}, where the hub was")
    story.start(porch)
    until(lambda: porch.get("/v1/status")["mode"] != "starting", GRACE + 20, "the porch to find its mode")
    stage.cuelight(porch, "status")
    status = porch.get("/v1/status")
    startup = status["startup"]
    stage.same("mode", status["mode"], "standalone")
    stage.same("what runs", startup["presetName"], POWER_IS_BACK)
    stage.same("where it was read", startup["source"], "sealed cache")
    aside = [path for path in porch.state.rglob("cuelight.db*") if path.read_bytes()[:4096] == noise]
    stage.same("the destroyed database is set aside", ", ".join(path.name for path in aside), aside_name(porch))
    stage.fact("database_damaged" in {one["code"] for one in status["incidents"]}, "the status tells what happened")
    stage.fact(access_keys(porch) == story.keys != [], "the access key of the first start is still the key")


def filmed_without_network(story: Story) -> None:
    stage, porch = story.stage, story.porch
    key = porch.get("/v1/status")["startup"]["eventID"]
    stage.cuelight(porch, "event", "watch", str(key))
    event = porch.event(key)
    stage.same("status of the event", EventStatus(event["eventStatus"]).wire_name, "Complete")
    story.check_clip(event)
    stage.cuelight(porch, "clip", "list")
    file = porch.media(story.first_clip["file"])
    stage.fact(sha256_of(file) == found_hash(porch, file), "the clip from before is listed again, and untouched")
    waiting = porch.get("/v1/status")["outbox"]["waiting"]
    stage.same("reports that wait for the hub", waiting, 1)
    story.last_event = event


def report(story: Story) -> None:
    stage, hub, porch = story.stage, story.hub, story.porch
    story.start(hub)
    until(lambda: not porch.get("/v1/status")["outbox"]["waiting"], 30, "the report to be taken")
    stage.cuelight(hub, "event", "list")
    check_reported(story)
    stage.same("reports that still wait", porch.get("/v1/status")["outbox"]["waiting"], 0)


def stop(story: Story) -> None:
    stage, hub, porch = story.stage, story.hub, story.porch
    check_reported(story)
    for machine in (porch, hub):
        pids = machine.processes()
        deaths = Deaths(pids)
        stage.shell(machine, f"kill {pids[0]}")
        stage.same(f"exit code of the {machine.name}", machine.ended(20), 0)
        stage.same("its processes that are gone", deaths.await_all(5), len(pids))


def check_reported(story: Story) -> None:
    """The hub has the event once, and has it as the porch tells it."""
    reports = [event for event in story.hub.events() if event["result"] == story.last_event["result"]]
    story.stage.same("events at the hub with this clip", len(reports), 1)


def access_keys(machine: Machine) -> list[str]:
    return [key["accessKey"] for key in machine.get("/v1/apikey/list")]


def found_hash(machine: Machine, file: Path) -> str:
    """What the machine says of the clip in this file; "" when it knows of none."""
    clips = machine.get("/v1/clip/list", count=0)
    return next((clip["sHA256Hash"] for clip in clips if machine.media(clip["file"]) == file), "")


def aside_name(machine: Machine) -> str:
    """The name under which the status says that the damaged database is kept."""
    told = " ".join(incident["message"] for incident in machine.get("/v1/status")["incidents"])
    found = re.search(r"set aside as ([\w.-]+)", told)
    return found[1] if found else "a name that the status tells"


def all_bytes(folder: Path, pattern: str) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)) if path.is_file())


def told_percents(steps: list[int]) -> str:
    return ", ".join(f"{step} %" for step in steps)


@dataclass(frozen=True)
class Chapter:
    """One step: its title, what it proves, how it goes."""

    title: str
    proves: str
    tell: Callable[[Story], None]


CHAPTERS = (
    Chapter("Two devices", "A device finds the hub that it reports to, and says so.", two_devices),
    Chapter("A preset becomes an event", "Created once, run by name, followed while it records.", create_and_run),
    Chapter("The clip", "Every frame is there: decoded again, and counted, by another program.", clip),
    Chapter("A photo", "A picture of the moment that was asked for, not of an earlier one.", photo),
    Chapter("A copy for the garden", "Copying names what the other device lacks; the source stays.", copy),
    Chapter("What runs without network", "The device keeps the preset sealed, outside its database.", bind),
    Chapter("The power goes", "Every process is killed: agents, camera hosts, the hub.", kill_everything),
    Chapter("The database is lost", "Its files hold nothing but noise now.", destroy_the_database),
    Chapter("The power is back, the network is not", "The sealed cache alone knows what to do.", start_without_network),
    Chapter("Filmed without network", "A whole clip, and a report that waits for the hub.", filmed_without_network),
    Chapter("The hub is back", "It hears of the event, once.", report),
    Chapter("The end", "Nothing was reported twice meanwhile; both stop when they are told to.", stop),
)
