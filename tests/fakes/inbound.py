"""Inbound events as an integration module sends them, and pictures in them."""

import base64
import json
from typing import Any

from fakes.scripts import CLIENT, script
from fakes.served_store import Answer, ServedStore, SigningClient

from presets_store.storage.records import Camera
from presets_store.storage.scripts.channels import insert_channel
from presets_store.storage.scripts.records import Channel

EVENTS = "/api/integration/v1/events"
ALWAYS: dict[str, Any] = {"timetable": {"days": [], "intervals": []}}
RUN_PRESET, WEBHOOK, NOTIFY, SHOW_CAMERA, SOUND = 1, 2, 3, 5, 7


def jpeg(width: int = 64, height: int = 48, *, body: bytes = b"\x00" * 40) -> bytes:
    """Markers as a baseline JPEG has them; what stands between them is never decoded by the store."""
    size = bytes((8, *height.to_bytes(2), *width.to_bytes(2), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    scan = bytes((3, 1, 0, 2, 0, 3, 0, 0, 63, 0))
    app0 = b"JFIF\0\1\1\0\0\1\0\1\0\0"
    segments = b"".join(segment(marker, data) for marker, data in ((0xE0, app0), (0xC0, size), (0xDA, scan)))
    return b"\xff\xd8" + segments + body + b"\xff\xd9"


def segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2) + data


def in_base64(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


async def add_cameras(store: ServedStore, *camera_ids: str, device: int = 0) -> list[int]:
    """Keys of the device's cameras, which are now these."""
    wanted = [
        Camera(device_key=0, camera_index=index, camera_id=name, name=f"The {name}")
        for index, name in enumerate(camera_ids)
    ]
    return [camera.key for camera in await store.services.cameras.declare(device or store.device, wanted)]


async def add_script(store: ServedStore, **members: Any) -> int:
    """The id of a new script that always works; its event is `motion`, its reaction none, unless `members` say so."""
    body = script(**{"event_id": 42, "reaction_id": None, **ALWAYS, **members})
    return int((await store.client.json("POST", CLIENT, body))["id"])


async def add_preset(store: ServedStore, **members: Any) -> int:
    body = {
        "deviceID": store.device,
        "eventType": "Video_Start_recording",
        "eventTypeID": 0,
        "eventParameters": json.dumps({"fps": 25, "durationSeconds": 5}),
        "priority": 3,
        **members,
    }
    return int((await store.client.json("POST", "/v1/eventpreset", body))["key"])


async def add_channel(store: ServedStore, user: int) -> None:
    """Where the user is told, by nobody here."""
    channel = Channel(uuid=f"channel of {user}", user_key=user, sealed_url="never opened")
    await store.services.database.write(lambda connection: insert_channel(connection, channel))


async def tell(store: ServedStore, client: SigningClient | None = None, **members: Any) -> Answer:
    return await (client or store.client).call("POST", EVENTS, {"event": "motion", "camera": "front", **members})


async def told(store: ServedStore, **members: Any) -> list[tuple[int, str, str]]:
    """(script, outcome, reason) of an event that is taken."""
    answer = await tell(store, **members)
    assert answer.status == 202, (answer.status, answer.body)
    return [(each["id"], each["outcome"], each["reason"]) for each in answer.json()["scripts"]]


async def counters(store: ServedStore, key: int) -> dict[str, int]:
    return dict((await store.client.json("GET", f"{CLIENT}/{key}/decisions"))["counters"])
