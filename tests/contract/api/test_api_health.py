"""Health records: what devices say, its date, its charts, and how long it is kept."""

import json
from itertools import pairwise
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.served_store import SERIAL, Answer, ServedStore
from fakes.stored import make_device
from sqlalchemy import Connection, func, insert, select

from presets_store.clock import ClockQuality, micros
from presets_store.protocol.fields import format_moment
from presets_store.services.fleet.retention import DEVICES_AT_ONCE, ROUND_EVERY, ROWS_AT_ONCE, Kept
from presets_store.storage.devices import insert_device
from presets_store.storage.fleet import bounded
from presets_store.storage.fleet.tables import device_health, log_messages, notifications

DAY = 86_400.0


async def tell(store: ServedStore, health: Any, route: str = "", serial: str = SERIAL) -> int:
    body = {"deviceName": serial, "deviceSerial": serial, "healthJSON": json.dumps(health)}
    key: int = (await store.client.json("POST", f"/v1/devicehealth{route}", body))["deviceHealthID"]
    return key


async def fill(store: ServedStore, dates: list[float], health: str = "{}", table: Any = device_health) -> None:
    """Records of these dates (epoch s), without the requests."""
    fixed: dict[str, Any] = {"health_json": health} if table is device_health else {"message": health}
    date = "health_date" if table is device_health else "message_date"
    rows = [{"device_key": store.device, date: micros(each), "created": micros(each), **fixed} for each in dates]
    await store.services.database.write(lambda connection: connection.execute(insert(table), rows))


async def count(store: ServedStore, table: Any = device_health) -> int:
    def count(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()

    return await store.services.database.read(count)


def said(answer: Answer, status: int) -> str:
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def test_the_date_of_a_record_is_the_one_in_it_if_it_can_be(store: ServedStore, clock: ManualClock) -> None:
    now = clock.now()
    for told, taken in (
        ((now - 60) * 1000, now - 60),
        (str((now - 60) * 1000), now - 60),
        ((now + 3600) * 1000, now + 3600),
        ((now + 2 * DAY) * 1000, now),
        (1e300, now),
        (None, now),
        (True, now),
        (-1, now),
    ):
        key = await tell(store, {"time": {"datetime": told}})
        record = await store.client.json("GET", f"/v1/devicehealth/{key}")
        assert (record["deviceID"], record["healthDate"]) == (store.device, format_moment(micros(taken))), told


async def test_the_newest_is_replaced_and_shown(store: ServedStore, clock: ManualClock) -> None:
    latest = f"/v1/devicehealth/getlatest/{store.device}"
    assert f"of device {store.device}" in said(await store.client.call("GET", latest), 404)
    first = await tell(store, {"camera": "a"}, "/updatelatest")
    clock.advance(10)
    second = await tell(store, {"camera": "b"})
    clock.advance(10)
    assert await tell(store, {"camera": "c"}, "/updatelatest") == second
    shown = await store.client.json("GET", latest)
    assert (shown["key"], json.loads(shown["healthJSON"])) == (second, {"camera": "c"})
    assert shown["healthDate"] == format_moment(micros(clock.now()))
    body = {"deviceSerial": SERIAL, "healthJSON": '{"camera": "d"}'}
    assert await store.client.json("PUT", f"/v1/devicehealth/{first}", body) == {"deviceHealthID": first}
    assert json.loads((await store.client.json("GET", f"/v1/devicehealth/{first}"))["healthJSON"]) == {"camera": "d"}
    device = await store.client.json("GET", f"/v1/device/{store.device}")
    assert device["lastHeardFromDate"] == format_moment(micros(clock.now()))


async def test_what_is_no_health_is_refused(store: ServedStore) -> None:
    await store.client.json("POST", "/v1/device", {"serialNumber": "2"})
    key = await tell(store, {})
    for body, words in (
        ({"deviceName": SERIAL}, "healthJSON is missing"),
        ({"deviceName": SERIAL, "healthJSON": ""}, "healthJSON is not JSON"),
        ({"deviceName": SERIAL, "healthJSON": "{"}, "at position 1"),
        ({"deviceName": SERIAL, "healthJSON": {"a": 1}}, "inside a string"),
        ({"deviceName": SERIAL, "healthJSON": '"' + "x" * 65_536 + '"'}, "at most 65536"),
        ({"healthJSON": "{}"}, "deviceID is missing"),
    ):
        for route in ("", "/updatelatest"):
            assert words in said(await store.client.call("POST", f"/v1/devicehealth{route}", body), 400)
    other = await store.client.call("PUT", f"/v1/devicehealth/{key}", {"deviceSerial": "2", "healthJSON": "[1]"})
    assert "is of another device" in said(other, 400)
    assert "no health record 4711" in said(await store.client.call("GET", "/v1/devicehealth/4711"), 404)
    assert "deviceID is missing" in said(await store.client.call("POST", "/v1/devicehealth/list", {}), 400)
    assert (await count(store), await store.client.json("GET", f"/v1/devicehealth/{key}")) == (
        1, {**await store.client.json("GET", f"/v1/devicehealth/{key}"), "healthJSON": "{}"},
    )  # fmt: skip


async def test_a_list_ends_where_it_would_be_too_long(
    store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    await fill(store, [now - age for age in range(10)], '"' + "x" * 98 + '"')
    body = {"deviceID": store.device}

    async def listed(**fields: Any) -> list[str]:
        return [each["healthDate"] for each in await store.client.json("POST", "/v1/devicehealth/list", body | fields)]

    newest_first = [format_moment(micros(now - age)) for age in range(10)]
    assert await listed() == newest_first
    assert await listed(count=3, order="asc") == newest_first[:3]
    assert await listed(endEpoch=int(now) - 2, startEpoch=int(now) - 4) == newest_first[2:5]
    assert await listed(startEpoch=-(2**63), endEpoch=2**63 - 1) == newest_first
    monkeypatch.setattr(bounded, "LONGEST_LIST", 6)
    assert await listed() == newest_first[:6]
    monkeypatch.setattr(bounded, "LARGEST_LIST", 450)
    assert await listed() == newest_first[:4]


async def test_a_chart_draws_every_numeric_path(store: ServedStore, clock: ManualClock) -> None:
    start = int(clock.now())
    for percent in (90, "80", None, 70):
        await tell(store, {"battery": {"percent": percent}, "gpu": {"temp": "48.3"}, "cpu": {"percent": [1, 2.5]}})
        clock.advance(60)
    path = f"/v1/device/{store.device}/health/linechart"

    async def drawn(**fields: Any) -> Any:
        return await store.client.json("POST", path, fields)

    chart = await drawn(variableName="battery.percent", verticalLineTimestamps=[start + 5])
    points = [{"time": start, "value": 90.0}, {"time": start + 60, "value": 80.0}, {"time": start + 180, "value": 70.0}]
    assert chart["datasets"] == [{"label": "battery.percent", "data": points}]
    assert chart["verticalLines"] == [{"timestamp": start + 5, "color": "#808080"}]
    (second_core,) = (await drawn(variableName="cpu.percent[1]", startEpoch=start + 100))["datasets"]
    assert [point["value"] for point in second_core["data"]] == [2.5, 2.5]
    usual = {line["label"]: len(line["data"]) for line in (await drawn())["datasets"]}
    assert usual == {"battery.percent": 3, "cpu.percent[0]": 4, "cpu.percent[1]": 4, "gpu.temp": 4}
    assert (await drawn(variableName="no.such"))["datasets"] == []
    for wrong in ("cpu..temp", "cpu[x]", "[0]", "cpu.percent[99999]"):
        assert "battery.percent or cpu.percent[0]" in said(
            await store.client.call("POST", path, {"variableName": wrong}), 400
        )


async def test_a_chart_of_many_records_is_thinned_evenly(store: ServedStore, clock: ManualClock) -> None:
    now = clock.now()
    await fill(store, [now - age for age in range(2400)], '{"cpu": {"temp": 50}}')
    path = f"/v1/device/{store.device}/health/linechart"
    for asked, points in ((0, 500), (7, 7), (10**9, 1000)):
        chart = await store.client.json("POST", path, {"variableName": "cpu.temp", "count": asked})
        times = [point["time"] for point in chart["datasets"][0]["data"]]
        assert len(times) == points
        assert times[-1] == int(now)
        gaps = {later - earlier for earlier, later in pairwise(times)}
        assert max(gaps) - min(gaps) <= 1, "evenly"


async def test_old_records_and_too_many_are_swept(store: ServedStore, clock: ManualClock) -> None:
    now = clock.now()
    old = [now - 31 * DAY - age for age in range(ROWS_AT_ONCE + 20)]
    await fill(store, [*old, now - 29 * DAY, now])
    await fill(store, [now - 31 * DAY, now - 29 * DAY], "x", log_messages)
    told = [{"guid": str(age), "created": micros(now - age)} for age in (31 * DAY, 0)]
    await store.services.database.write(lambda connection: connection.execute(insert(notifications), told))
    clock.declared = ClockQuality.FLOOR
    await store.services.sweep()
    assert await count(store) == len(old) + 2, "nobody knows how late it is"
    clock.declared = ClockQuality.SYNCHRONISED
    await store.services.sweep()
    assert await count(store) == len(old) + 2, "a round was made just now"
    clock.mono += ROUND_EVERY
    await store.services.sweep()
    assert [await count(store, table) for table in (device_health, log_messages, notifications)] == [2, 1, 1]


async def test_each_device_keeps_so_many_records(
    store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, [clock.now() - age for age in range(9)])
    others = [make_device(serial_number=f"S{number}") for number in range(DEVICES_AT_ONCE)]
    await store.services.database.write(lambda connection: [insert_device(connection, each) for each in others])
    for _ in range(6):
        await tell(store, {}, serial=f"S{DEVICES_AT_ONCE - 1}")
    monkeypatch.setattr(store.services.telemetry.retention, "_kept", Kept(records=4))
    await store.services.telemetry.retention.sweep()
    assert await count(store) == 4 + 6, "the last device's turn comes with the next call"
    await store.services.telemetry.retention.sweep()
    assert await count(store) == 8
    dates = [
        each["healthDate"]
        for each in await store.client.json("POST", "/v1/devicehealth/list", {"deviceID": store.device})
    ]
    assert dates == [format_moment(micros(clock.now() - age)) for age in range(4)]
