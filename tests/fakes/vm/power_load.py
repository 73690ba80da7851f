"""Runs inside the virtual machine, with nothing but Python: keeps cuelight busy, and tells a witness outside of all
that cuelight has said is done.

    python3 power_load.py SECONDS
"""

import contextlib
import http.client
import itertools
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

SOCKET = "/run/cuelight/api.sock"
MEDIA = Path("/var/lib/cuelight/media")
PORT = "/dev/virtio-ports/cuelight.witness"
RECORD, PHOTOS, WORKFLOW = "Video_Start_recording", "Image_Start_taking_photos", "Workflow_Event_preset_workflow"
SMALL = {"width": 320, "height": 180}
PRESETS: dict[str, tuple[str, int, dict[str, float]]] = {
    "short": (RECORD, 3, {"durationSeconds": 2, "fps": 10, **SMALL}),
    "parts": (RECORD, 1, {"durationSeconds": 6, "segmentLengthSeconds": 2, "fps": 10, **SMALL}),
    "photos": (PHOTOS, 1, {"durationSeconds": 2, "intervalSeconds": 0.5, **SMALL}),
}
ENDED = 4
"""This status, and those above it."""


class Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(SOCKET)


def ask(method: str, path: str, body: object = None) -> Any:
    """The answer, parsed; RuntimeError when it is a refusal."""
    connection = Connection("device")
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
    return json.loads(answer) if answer.strip() else None


class Load:
    def __init__(self, seconds: float) -> None:
        self.device = ask("GET", "/v1/device/list")[0]
        self.until = time.monotonic() + seconds
        self.port = os.open(PORT, os.O_WRONLY)
        self.lock = threading.Lock()
        self.told: set[str] = set()
        self.waiting: list[int] = []

    def tell(self, what: str, **fields: object) -> None:
        with self.lock:
            os.write(self.port, json.dumps({"what": what, **fields}).encode() + b"\n")

    @property
    def over(self) -> bool:
        return time.monotonic() > self.until

    def body(self, event_type: str, attempts: int, parameters: object) -> dict[str, Any]:
        told: dict[str, Any] = {
            "deviceSerial": self.device["serialNumber"],
            "eventType": event_type,
            "maxAttempts": attempts,
        }
        return told | {"eventParameters": json.dumps(parameters)}

    def accepted(self, key: int) -> None:
        self.tell("accepted", event=key)
        self.waiting.append(key)

    def settle(self) -> None:
        """Small events, as many as are taken."""
        for level in itertools.cycle(["DEBUG", "INFO"]):
            if self.over:
                return
            parameters = {"name": "log_level", "value": level}
            self.accepted(ask("POST", "/v1/event", self.body("Device_Update_setting", 1, parameters))["eventID"])
            time.sleep(0.1)

    def film(self) -> None:
        """One preset after the other: short clips, a recording in parts, photos, and both in a workflow."""
        device, keys = self.device["key"], {}
        for name, (event_type, attempts, parameters) in PRESETS.items():
            preset = self.body(event_type, attempts, parameters) | {"eventPresetName": name, "deviceID": device}
            keys[name] = ask("POST", "/v1/eventpreset", preset)["key"]
        both = [{"deviceID": device, "eventPresetID": keys[name]} for name in ("short", "photos")]
        for name in itertools.cycle(["short", "photos", "parts", "workflow"]):
            if self.over:
                return
            if name == "workflow":
                event = ask("POST", "/v1/event", self.body(WORKFLOW, 1, both))["eventID"]
            else:
                event = ask("POST", f"/v1/eventpreset/run/{keys[name]}", {})["EventID"]
            self.accepted(event)
            while event in self.waiting and not self.over:
                time.sleep(0.2)

    def watch(self) -> None:
        """What cuelight says of events and clips."""
        while not self.over or self.waiting:
            for key in list(self.waiting):
                event = ask("GET", f"/v1/event/{key}")
                if event["eventStatus"] >= ENDED:
                    self.tell("ended", event=key, status=event["eventStatus"])
                    self.photos(json.loads(event["result"] or "{}").get("photos", []))
                    self.waiting.remove(key)
            for clip in ask("GET", "/v1/clip/list?count=8"):
                if clip["state"] in ("closed", "recovered"):
                    self.whole(clip["file"], clip["sHA256Hash"], clip["clipLengthInSeconds"])
            if time.monotonic() > self.until + 30:
                raise RuntimeError(f"these events do not end: {self.waiting}")
            time.sleep(0.2)

    def photos(self, photos: list[dict[str, Any]]) -> None:
        for photo in photos:
            self.whole(photo["file"], photo["sha256"], 0)

    def whole(self, file: str, sha256: str, seconds: float) -> None:
        if file not in self.told:
            self.told.add(file)
            self.tell("file", file=file, sha256=sha256, seconds=seconds)

    def look(self) -> None:
        """Clips that are being written, by their sidecars."""
        seen: set[Path] = set()
        while not self.over:
            for media in set(MEDIA.rglob("*.mp4")) - seen:
                with contextlib.suppress(FileNotFoundError):
                    sidecar = json.loads(media.with_name(media.name + ".json").read_bytes())
                    seen.add(media)
                    if not sidecar["closed"]:
                        self.tell("open", file=str(media.relative_to(MEDIA)), first_mono_ns=sidecar["first_mono_ns"])
            time.sleep(0.2)

    def beat(self) -> None:
        """The machine's clock, for how much of an open clip was on the disk when."""
        while not self.over:
            self.tell("now", mono_ns=time.monotonic_ns())
            time.sleep(0.05)


def main() -> None:
    load = Load(float(sys.argv[1]))
    failures: list[str] = []
    threading.excepthook = lambda failure: failures.append(repr(failure.exc_value))
    threads = [threading.Thread(target=each) for each in (load.settle, load.film, load.watch, load.look, load.beat)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.tell("over", failures=failures)


if __name__ == "__main__":
    main()
