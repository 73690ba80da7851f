"""Health is collected and told: a real own store, a real hub above it, and a box that says what the test wants."""

import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from actionstreamer.WebService import DeviceHealth
from fakes.sdk import SdkClient
from fakes.served_store import ServedStore, until
from fakes.stored import make_clip
from fakes.two_stores import TwoStores, two_stores

from agent.errors import UpstreamUnreachable
from agent.health import collecting
from agent.health.collecting import Collector, Networks
from agent.health.errors import HealthUnread
from agent.health.telling import ASKED_AGAIN_AFTER, HealthTeller, Upstream
from hardware.box.errors import NetworkManagerAbsent
from hardware.box.network import Wireless
from hardware.box.sensors import BoxReading
from hardware.box.sysfs import Throttling
from hardware.box.wifi import SavedNetwork
from hardware.models import CameraReport
from presets_store.clock import ClockQuality
from presets_store.storage.clips import adopt_clip
from presets_store.storage.records import ReportKind


class Box:
    """Sensors that say what they are told to; while `stuck`, they answer never."""

    def __init__(self) -> None:
        self.throttled = Throttling(heat=False, voltage=False)
        self.readings = 0
        self.stuck: threading.Event | None = None
        self.radio: dict[str, Any] = {"wi": {"signal_dBm": -56}, "iwconfig": {"link_quality": "54/70"}}

    def read(self) -> BoxReading:
        if self.stuck is not None:
            self.stuck.wait()
        self.readings += 1
        said: dict[str, Any] = {
            "time": {"uptime": 1000},
            "battery": {"percent": 81, "mV": 3900, "status": "Charging"},
            "cpu": {"temp": 48.3, "percent": [3.0, 5.0], "count": 2},
            "radio": self.radio,
        }
        return BoxReading(said=said, throttling=self.throttled, media={"percent": 12.0}, wear={"written_bytes": 5})

    def throttling(self) -> Throttling:
        return self.throttled


@dataclass
class Camera:
    camera_id: str
    name: str
    state: CameraReport


async def link() -> Wireless | None:
    return Wireless(interface="wlan0", ssid="stage", bssid="x", frequency=5180, bitrate=270.0, strength=70)


async def nobody() -> list[SavedNetwork]:
    raise NetworkManagerAbsent(reason="it is not installed")


@dataclass
class Place:
    stores: TwoStores
    box: Box
    camera: Camera
    collector: Collector
    teller: HealthTeller

    async def after(self, seconds: float) -> None:
        """A look at what is due, so much later."""
        self.stores.pass_time(seconds)
        await self.teller.look()

    async def queued(self) -> list[dict[str, Any]]:
        reports = await self.stores.own.services.reports.next(100, [ReportKind.HEALTH])
        return [json.loads(json.loads(report.body)["healthJSON"]) for report in reports]

    async def at_hub(self) -> list[dict[str, Any]]:
        hub = self.stores.hub
        found = await hub.client.json("POST", "/v1/devicehealth/list", {"deviceID": hub.device})
        return [json.loads(record["healthJSON"]) for record in found]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with two_stores(tmp_path) as stores:
        own = stores.own.services
        box, camera = Box(), Camera("main", "Main", CameraReport(state="closed"))
        networks = Networks(link, nobody)
        collector = Collector(box, own, [camera], stores.clock, stores.hub.root, networks)
        teller = HealthTeller(collector, own, stores.clock, Upstream(stores.client, own, stores.clock))
        yield Place(stores, box, camera, collector, teller)


async def ask_for_health(store: ServedStore, wanted: bool = True) -> None:
    change = [{"fieldName": "logHealth", "value": str(int(wanted))}]
    assert (await store.client.call("PATCH", f"/v1/device/{store.device}", change)).status == 200


async def test_nobody_asks_and_nothing_is_read(place: Place) -> None:
    for _ in range(30):
        await place.after(60)
    assert place.box.readings == 0
    assert await place.queued() == []


async def test_the_hub_gets_the_newest_each_minute_and_a_record_each_ten(place: Place) -> None:
    await ask_for_health(place.stores.hub)
    await place.after(0)
    assert (len(await place.queued()), await place.at_hub()) == (1, []), "the first one is to stay"
    for _ in range(9):
        await place.after(30)
        await place.after(31)
    assert len(await place.at_hub()) == 1, "each takes the place of the one before"
    assert place.box.readings == 10
    await place.after(60)
    assert len(await place.queued()) == 2
    await ask_for_health(place.stores.hub, wanted=False)
    await place.after(ASKED_AGAIN_AFTER)
    before = place.box.readings
    await place.after(60)
    assert place.box.readings == before, "the hub is asked again after a while, and wants no more"


async def test_what_matters_is_told_sooner(place: Place) -> None:
    await ask_for_health(place.stores.hub)
    await place.after(0)
    place.camera.state = CameraReport(state="open")
    await place.after(20)
    assert place.box.readings == 1, "a camera at work is no news"
    place.camera.state = CameraReport(state="unavailable", reason="no device")
    await place.after(1)
    assert [each["camera"] for each in await place.at_hub()] == ["unavailable (no device)"]
    place.box.throttled = Throttling(heat=False, voltage=True)
    await place.after(5)
    assert place.box.readings == 2, "not so soon after the last"
    await place.after(10)
    (told,) = await place.at_hub()
    assert "now" in told["voltage_throttle"]
    assert told["cuelight"]["throttling"] == {"heat": False, "voltage": True}


async def test_a_row_of_the_hub_shows_it_and_a_chart_draws_it(place: Place) -> None:
    stores, hub = place.stores, place.stores.hub
    stores.clock.wall = time.time() - 60  # the third-party client has no other clock
    await ask_for_health(hub)
    own = stores.own.services
    clip = replace(make_clip(stores.own.device), start=1_800_000_000_000_000, seconds=2.5)
    await own.database.write(lambda connection: adopt_clip(connection, clip))
    await stores.own.client.json("POST", "/v1/event", {"deviceID": stores.own.device, "eventType": "Video_Start_SRT"})
    await stores.own.client.json("POST", "/v1/event/dequeue", {"deviceID": stores.own.device, "agentType": "Video"})
    (event,) = await stores.own.client.json("POST", "/v1/event/list", {"deviceID": 0, "count": 1})
    answer = await stores.own.client.call("PUT", f"/v1/event/{event['key']}", {"eventStatus": 3})
    assert answer.status == 200, answer
    await place.after(0)
    await place.after(60)
    sdk = SdkClient(hub.root, hub.client.key)
    (row,) = (await sdk(DeviceHealth.get_device_health_row_list)).device_health_row_list
    sdk.close()
    assert sdk.printed == ""
    assert (row.battery_percent, row.battery_status, row.cpu_temp, row.cpu_percent) == (
        81,
        "Charging",
        48.3,
        "3.0, 5.0",
    )
    assert (row.access_point_name, row.frequency, row.link_quality, row.signal_strength_dbm) == (
        "stage", 5180, "54/70", -56,
    )  # fmt: skip
    assert (row.camera_status, row.camera_activity, row.software_version[:8]) == ("closed", "Streaming", "cuelight")
    assert row.last_video_clip_date.startswith("2027-01-15T08:00:02.5")
    chart = await hub.client.json("POST", f"/v1/device/{hub.device}/health/linechart", {"variableName": "cpu.percent"})
    assert {line["label"]: line["data"][0]["value"] for line in chart["datasets"]} == {
        "cpu.percent[0]": 3.0, "cpu.percent[1]": 5.0,
    }  # fmt: skip
    (told,) = await place.at_hub()
    assert told["cuelight"]["outbox"] == {"waiting": 0}
    assert told["cuelight"]["reports"] == {"waiting": 1, "dropped": 0}
    assert told["cuelight"]["clock_quality"] == "synchronised"
    assert told["cuelight"]["wear"] == {"written_bytes": 5}
    assert "network_names" not in told, "nobody tells the saved networks"
    assert told["time"] == {"uptime": 1000, "datetime": round(stores.clock.now() * 1000)}


async def test_without_a_trusted_clock_no_date_is_told(place: Place) -> None:
    place.stores.clock.declared = ClockQuality.FLOOR
    _, said = await place.collector.collect()
    assert said["time"] == {"uptime": 1000}
    assert said["cuelight"]["clock_quality"] == "floor"


async def test_a_link_that_is_lost_costs_the_newest_and_keeps_the_records(place: Place) -> None:
    await ask_for_health(place.stores.hub)
    await place.after(0)

    async def unreachable(*_: object, **__: object) -> None:
        raise UpstreamUnreachable(url="hub", reason="the cable is cut")

    vars(place.stores.client)["request"] = unreachable
    with pytest.raises(UpstreamUnreachable):
        await place.after(60)
    upstream = Upstream(place.stores.client, place.stores.own.services, place.stores.clock)
    place.teller._upstream = upstream  # as after a start without a link: what the hub wanted is known
    for _ in range(3):
        await place.after(600)
    assert len(await place.queued()) == 4


async def test_the_own_store_keeps_records_for_who_asks_it(place: Place) -> None:
    own = place.stores.own
    await ask_for_health(own)
    place.teller._upstream = None
    for _ in range(22):
        await place.after(60)
    found = await own.client.json("POST", "/v1/devicehealth/list", {"deviceID": own.device})
    assert len(found) == place.box.readings == 3
    latest = await own.client.json("GET", f"/v1/devicehealth/getlatest/{own.device}")
    assert json.loads(latest["healthJSON"])["serial_number"] == place.stores.serial


async def test_a_sensor_that_hangs_holds_up_nobody_and_is_not_asked_twice(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "READ_WITHIN", 0.05)
    place.box.stuck = threading.Event()
    try:
        for _ in range(3):
            with pytest.raises(HealthUnread):
                await place.collector.collect()
    finally:
        place.box.stuck.set()
    await until(lambda: place.box.readings)
    place.box.stuck = None
    await until(lambda: place.collector._reading is None or place.collector._reading.done())
    await place.collector.collect()
    assert place.box.readings == 2
