"""The scripts of a hub on its device: kept there as they are here, and there without hub and database."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.inbound import RUN_PRESET, WEBHOOK, add_cameras, add_preset, add_script
from fakes.mirroring import Device, add_guard, hub_cameras, mirroring_device
from fakes.principals import client_of
from fakes.scripts import CLIENT
from fakes.served_store import served_store, until

from agent.errors import UpstreamRefused
from agent.upstream.mirror import UNWANTED_FOR
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.caller import INSIDE
from presets_store.storage.scripts.records import AnalyticCase, Channel, Script
from presets_store.storage.scripts.tables import scripts

ZONE = {"name": "door", "kind": "include", "points": [[0, 0], [1, 0], [1, 1]]}


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[Device]:
    async with mirroring_device(tmp_path) as device:
        yield device


async def test_the_device_has_what_it_needs_and_nothing_else(device: Device) -> None:
    await device.mirror.ask()
    keys = await hub_cameras(device)
    assert set(keys) == {"front", "back"}
    user = await add_guard(device)
    preset = await add_preset(device.hub)
    here = await add_script(
        device.hub, title="here", cameras=[keys["front"]], users=[user], reaction_id=RUN_PRESET,
        extra={"preset_id": preset, "parameters": {"a": "{camera}"}}, cooldown_seconds=30,
    )  # fmt: skip
    secret = {"url": "https://far.example/private", "secret": "s" * 20}
    await add_script(device.hub, title="everywhere", reaction_id=WEBHOOK, extra=secret)
    elsewhere = await device.hub.client.json("POST", "/v1/device", {"serialNumber": "other"})
    other = await add_cameras(device.hub, "other", device=elsewhere["key"])
    await add_script(device.hub, title="elsewhere", cameras=other)
    case = {"camera_id": keys["back"], "analytic_type": "motion", "zones": [ZONE]}
    await device.hub.client.json("POST", "/api/v1/analytic-cases", case)
    await device.mirror.ask()

    own_cameras = {each.camera_id: each.key for each in await device.own.services.cameras.of_device(INSIDE, 1)}
    first, second = await device.rows(Script)
    assert (first.title, first.remote_id, first.upstream) == ("here", here, device.line.url)
    assert (json.loads(first.cameras), json.loads(first.users)) == ([own_cameras["front"]], [user])
    assert first.cooldown_seconds == 30
    extra = json.loads(first.extra)
    assert (extra["parameters"], extra["preset"]["key"]) == ({"a": "{camera}"}, preset)
    assert (second.title, second.cameras, second.extra, second.sealed_extra) == ("everywhere", "", "{}", "")
    (found,) = await device.rows(AnalyticCase)
    assert (found.camera_key, found.analytic_type, json.loads(found.zones)) == (own_cameras["back"], "motion", [ZONE])
    (channel,) = await device.rows(Channel)
    assert (channel.user_key, channel.device_may_send) == (user, True)
    assert device.own.services.scripts.channel_secrets.url_of(channel) == "mailtos://me:secret@smtp.example"
    packed = device.sealed.value("scripts.mirror")
    assert packed is not None
    assert b"secret" not in packed


async def test_what_is_the_same_is_neither_sent_nor_written_and_what_is_removed_goes(device: Device) -> None:
    await device.mirror.ask()
    kept, gone = await add_script(device.hub, title="kept"), await add_script(device.hub, title="gone")
    user = await add_guard(device)
    await device.hub.client.json("PUT", f"{CLIENT}/{kept}", await changed(device, kept, users=[user]))
    await device.mirror.ask()
    before = [*await device.rows(Script), *await device.rows(Channel)]
    device.line.asked.clear()
    device.clock.advance(60)
    await device.mirror.ask()
    assert [status for method, path, status in device.line.asked if path.endswith("/scripts")] == [304]
    assert (await device.hub.client.call("DELETE", f"{CLIENT}/{gone}")).status == 204
    await device.mirror.ask()
    after = [*await device.rows(Script), *await device.rows(Channel)]
    assert after == [row for row in before if getattr(row, "title", "") != "gone"]


async def changed(device: Device, key: int, **members: Any) -> dict[str, Any]:
    """The body that changes these members of a script."""
    shown = await device.hub.client.json("GET", f"{CLIENT}/{key}")
    names = ("title", "status", "timetable", "extra", "cameras")
    return {name: shown[name] for name in names if name in shown} | {
        "event_id": shown["event"]["id"], "reaction_id": None, "users": [], **members,
    }  # fmt: skip


async def test_a_lost_database_gets_the_scripts_back_without_the_hub(device: Device, tmp_path: Path) -> None:
    await device.mirror.ask()
    await add_script(device.hub, title="here", users=[await add_guard(device)])
    await device.mirror.ask()
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    async with served_store(fresh, device.clock) as store:
        await add_cameras(store, "back", "front")
        mirror = device.new_mirror(store)
        running = asyncio.create_task(mirror.run())  # the link is not there, and nothing is asked
        device.line.asked.clear()
        await until(lambda: mirror._version)
        running.cancel()
        assert device.line.asked == []
        assert [script.title for script in await device.rows(Script, store)] == ["here"]
        (channel,) = await device.rows(Channel, store)
        assert store.services.scripts.channel_secrets.url_of(channel) == "mailtos://me:secret@smtp.example"
        await mirror.ask()
        assert device.line.asked[-1][2] == 304


async def test_scripts_of_another_hub_go_and_own_ones_stay(device: Device) -> None:
    await device.mirror.ask()
    await add_script(device.hub, title="of the hub")
    await add_script(device.own, title="own")
    await device.mirror.ask()
    assert len(await device.rows(Script)) == 2
    await device.own.services.scripts.mirrored.forget_others("https://other.example")
    assert [script.title for script in await device.rows(Script)] == ["own"]
    assert (await device.own.services.scripts.mirrored.kept()).upstream == ""


async def test_a_hub_without_the_routes_is_asked_seldom_and_another_server_not_at_all(device: Device) -> None:
    refused = UpstreamRefused(url="hub", status=404, text="no such route", problem="no_such_route")
    device.line.moods = [refused]
    assert await device.mirror._round() == UNWANTED_FOR
    assert await device.mirror._round() == 60.0
    device.peer._ours = False
    device.line.asked.clear()
    assert await device.mirror._round() == UNWANTED_FOR
    assert device.line.asked == []


async def test_its_key_there_is_asked_for_once_until_the_hub_refuses_or_the_link_is_another(device: Device) -> None:
    def asked() -> int:
        return [path for _, path, _ in device.line.asked].count("/v1/device/name")

    for _ in range(3):
        await device.mirror._round()
    assert asked() == 1
    device.line.moods = [UpstreamRefused(url="hub", status=404, text="no such device", problem="")]
    await device.mirror._round()
    await device.mirror._round()
    assert asked() == 2
    device.clock.advance(1)
    device.link.unreachable("a test")
    await device.mirror._round()
    assert asked() == 3


async def test_only_the_device_itself_gets_the_secrets(device: Device) -> None:
    await device.mirror.ask()
    path = f"/v1/device/{device.hub.device}/scripts"
    for role, status in ((Role.READER, 403), (Role.OPERATOR, 403), (Role.DEVICE, 200)):
        client = await client_of(device.hub, role, ScopeKind.DEVICE, device.hub.device)
        assert (await client.call("GET", path)).status == status, role


async def test_what_a_newer_hub_says_is_left_out_and_the_rest_counts(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    await device.mirror.ask()
    await add_script(device.hub, title="plain")
    odd = await add_script(device.hub, title="odd")
    where = scripts.c.key == odd
    await device.hub.services.database.write(
        lambda connection: connection.execute(scripts.update().where(where).values(working_time='{"moon": "full"}'))
    )
    caplog.set_level(logging.WARNING)
    await device.mirror.ask()
    assert [script.title for script in await device.rows(Script)] == ["plain"]
    assert any("is left out" in record.message for record in caplog.records)
