"""What fired on a device because of its hub's scripts: told there once, and told to users once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.inbound import RUN_PRESET, SHOW_CAMERA, WEBHOOK, add_cameras, add_preset, add_script, counters, jpeg
from fakes.mirroring import Device, add_guard, hub_cameras, mirroring_device
from fakes.two_stores import two_stores
from sqlalchemy import Connection

from agent.errors import UpstreamError, UpstreamRefused, UpstreamUnreachable
from agent.upstream.client import SignedClient
from agent.upstream.firing import WhoSends, certainly_unheard
from presets_store.clock import micros
from presets_store.services.scripts.firing import RUN_WITHIN
from presets_store.storage.scripts.decisions import forget_decisions
from presets_store.storage.scripts.deliveries import claim_due, settle
from presets_store.storage.scripts.records import Delivery, DeliveryStatus, Script, Trigger
from presets_store.storage.scripts.triggers import image_of


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[Device]:
    async with mirroring_device(tmp_path) as device:
        yield device


async def test_it_fires_there_is_told_once_and_the_users_hear_of_it_from_the_hub(device: Device) -> None:
    await device.mirror.ask()
    keys, user, preset = await hub_cameras(device), await add_guard(device), await add_preset(device.hub)
    key = await add_script(
        device.hub, cameras=[keys["front"]], users=[user], reaction_id=RUN_PRESET, extra={"preset_id": preset}
    )
    await device.mirror.ask()
    picture = jpeg()
    uuid = await device.sees(image=picture, count=3)
    device.line.moods = ["lost"]
    with pytest.raises(UpstreamUnreachable):
        await device.firing.tell()
    assert await device.firing.tell()
    assert not await device.firing.tell()

    (trigger,) = await device.rows(Trigger, device.hub)
    assert (trigger.uuid, trigger.camera_key, json.loads(trigger.attributes)) == (uuid, keys["front"], {"count": 3})
    assert await device.hub.services.database.read(lambda connection: image_of(connection, uuid)) == picture
    assert await counters(device.hub, key) == {"fired": 1}
    assert [await device.recordings(store) for store in (device.own, device.hub)] == [1, 0]  # where it was seen
    there = await device.rows(Delivery, device.hub)
    assert [(each.user_key, each.status) for each in there] == [(user, DeliveryStatus.WAITING)] * 2
    assert [each.status for each in await device.rows(Delivery)] == [DeliveryStatus.DROPPED]


async def guarded(device: Device) -> int:
    """A script of the hub on every camera, whose user the device may tell; his key."""
    await device.mirror.ask()
    user = await add_guard(device)
    await add_script(device.hub, users=[user])
    await device.mirror.ask()
    return user


async def claimed(device: Device, seconds: float = 60) -> list[int]:
    """What the device's worker has taken, to send it."""
    now = micros(device.clock.now())

    def claim(connection: Connection) -> list[int]:
        return [each.key for each in claim_due(connection, now, now + micros(seconds), mirrored=True)]

    return await device.own.services.database.write(claim)


async def test_whom_the_device_has_told_the_hub_does_not_tell_by_any_channel(device: Device) -> None:
    user = await guarded(device)
    await device.sees()
    keys = await claimed(device)
    assert len(keys) == 1
    assert not await device.firing.tell()  # while it is being sent nobody can say who tells him
    sent = micros(device.clock.now())
    await device.own.services.database.write(
        lambda connection: settle(connection, keys, status=DeliveryStatus.SENT, sent=sent, lease=0)
    )
    assert await device.firing.tell()
    (known,) = await device.rows(Delivery, device.hub)
    assert (known.user_key, known.status, known.sent) == (user, DeliveryStatus.SENT, sent)


@pytest.mark.parametrize(
    ("met", "status"),
    [
        (UpstreamRefused(url="hub", status=403, text="not for this key", problem=""), DeliveryStatus.WAITING),
        (UpstreamRefused(url="hub", status=502, text="bad gateway", problem=""), DeliveryStatus.DROPPED),
        (UpstreamUnreachable(url="hub", reason="no answer came"), DeliveryStatus.DROPPED),
    ],
)
async def test_what_the_hub_may_have_heard_is_left_to_it_and_nothing_else(
    device: Device, met: UpstreamError, status: DeliveryStatus
) -> None:
    await guarded(device)
    await device.sees()
    device.line.moods = [met]
    with pytest.raises(type(met)):
        await device.firing.tell()
    assert [each.status for each in await device.rows(Delivery)] == [status]
    assert await device.firing.tell()
    assert [each.status for each in await device.rows(Delivery)] == [DeliveryStatus.DROPPED]
    assert len(await device.rows(Delivery, device.hub)) == 2


async def test_a_connection_that_was_never_made_carried_nothing(tmp_path: Path) -> None:
    async with two_stores(tmp_path) as stores:
        client = SignedClient("http://127.0.0.1:9", stores.client.credentials, stores.clock)
        with pytest.raises(UpstreamUnreachable) as met:
            await client.request("GET", "/v1/version")
        await client.close()
        assert certainly_unheard(met.value)


async def test_what_a_device_cannot_do_the_hub_does_when_it_hears_of_it_soon_enough(device: Device) -> None:
    await device.mirror.ask()
    other = (await device.hub.client.json("POST", "/v1/device", {"serialNumber": "other"}))["key"]
    preset = await add_preset(device.hub, deviceID=other)
    late = await add_script(device.hub, title="preset", reaction_id=RUN_PRESET, extra={"preset_id": preset})
    secret = {"url": "https://far.example/private", "secret": "s" * 20}
    await add_script(device.hub, title="webhook", reaction_id=WEBHOOK, extra=secret)
    await device.mirror.ask()
    await device.sees()
    assert [await device.recordings(device.own), len(await device.rows(Delivery))] == [0, 0]
    assert await device.firing.tell()
    assert await device.recordings(device.hub) == 1
    await device.sees()
    device.clock.advance(RUN_WITHIN / 1e6 + 1)
    assert await device.firing.tell()
    assert await device.recordings(device.hub) == 1
    assert await counters(device.hub, late) == {"fired": 1, "late": 1}
    assert [each.kind for each in await device.rows(Delivery, device.hub)] == ["webhook"] * 2


async def test_one_that_the_hub_cannot_take_does_not_hold_up_the_others(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    await guarded(device)
    for _ in range(3):
        await device.sees()
    refused = UpstreamRefused(url="hub", status=400, text="attributes is wrong", problem="")
    device.line.moods = [refused, refused]
    with pytest.raises(UpstreamRefused):
        await device.firing.tell()
    while await device.firing.tell():
        pass
    assert len(await device.rows(Trigger, device.hub)) == 2
    assert [record.message for record in caplog.records if "does not take" in record.message]


async def test_what_only_own_scripts_made_of_it_is_not_told(device: Device) -> None:
    await device.mirror.ask()
    await add_script(device.own)
    await device.sees()
    assert not await device.firing.tell()


async def test_that_it_fired_is_not_forgotten_before_the_hub_has_heard_of_it(device: Device) -> None:
    await device.mirror.ask()
    key = await add_script(device.hub, reaction_id=SHOW_CAMERA, cooldown_seconds=3600)
    await device.mirror.ask()
    for _ in range(5):
        await device.sees()
    (script,) = await device.rows(Script)

    def forget(connection: Connection) -> int:
        return forget_decisions(connection, script.uuid, 1)

    assert await device.own.services.database.write(forget) == 3
    assert await device.firing.tell()
    assert await counters(device.hub, key) == {"fired": 1}
    assert await device.own.services.database.write(forget) == 1


async def test_a_device_cannot_speak_for_scripts_that_do_not_concern_it(device: Device) -> None:
    await device.mirror.ask()
    elsewhere = await device.hub.client.json("POST", "/v1/device", {"serialNumber": "other"})
    other = await add_cameras(device.hub, "other", device=elsewhere["key"])
    await add_script(device.hub, title="elsewhere", cameras=other, users=[await add_guard(device)])
    (script,) = await device.rows(Script, device.hub)
    moment = "2026-11-23T12:00:00Z"
    fired = {"scriptUUID": script.uuid, "decidedDate": moment}
    trigger = {"triggerUUID": script.uuid, "eventName": "motion", "occurredDate": moment, "scripts": [fired]}
    path = f"/v1/device/{device.hub.device}/scripts/fired"
    assert (await device.hub.client.call("POST", path, [trigger])).status == 200
    assert [*await device.rows(Trigger, device.hub), *await device.rows(Delivery, device.hub)] == []


async def test_the_device_tells_users_after_some_time_without_a_link(device: Device) -> None:
    who = WhoSends(device.link, device.clock, 30.0)
    device.clock.advance(29)
    assert not who.device()
    device.clock.advance(1)
    assert who.device()
    device.link.reached()
    device.clock.advance(100)
    assert not who.device()
    device.link.unreachable("the line is cut")
    assert not who.device()
    device.clock.advance(30)
    assert who.device()
