"""Who may do what: each route with each role, devices out of reach, and what lists and live events show to whom."""

import asyncio
import json
import re
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientTimeout, web
from aiohttp.test_utils import make_mocked_request
from fakes.permission_table import TABLE, Needs, filled
from fakes.principals import client_of
from fakes.served_store import SERIAL, Answer, ServedStore, SigningClient, until
from fakes.stored import make_clip, make_device, make_event, make_preset
from sqlalchemy import Connection, select, update

from presets_store.api import ROUTES
from presets_store.api.documentation import Access, operation_of
from presets_store.rules.permissions import Permission, Role, ScopeKind
from presets_store.storage.cameras import insert_camera
from presets_store.storage.clips import adopt_clip
from presets_store.storage.devices import insert_device
from presets_store.storage.events import insert_event
from presets_store.storage.fleet.records import Agent
from presets_store.storage.fleet.tables import (
    agents,
    device_groups,
    device_health,
    device_settings,
    group_members,
    log_messages,
    notifications,
    streams,
)
from presets_store.storage.media.files import insert_file
from presets_store.storage.media.records import AudioClip, Image, Place, StoredFile
from presets_store.storage.media.tables import audio_clips, images
from presets_store.storage.media.tags import get_or_insert_tag
from presets_store.storage.people.tables import users
from presets_store.storage.presets import insert_preset
from presets_store.storage.records import Camera
from presets_store.storage.rows import insert_record, values_of
from presets_store.storage.schema import metadata
from presets_store.storage.scripts.analytics import insert_case
from presets_store.storage.scripts.records import AnalyticCase, Script
from presets_store.storage.scripts.scripts import insert_script
from presets_store.storage.tables import events, keys

World = dict[str, Any]
ABSENT = ("/v1/session", "/api/v1/channels/4711")
"""Of which a key has none: somebody else's is as one that is not there."""
NEW = {("POST", "/v1/device"), ("POST", "/v1/devicegroup")}
BY_ITSELF = {"nonces", "read_nonces"}
"""Tables that a refused request may write to: its nonce is spent."""


@pytest.fixture
async def ours(store: ServedStore) -> World:
    return await stocked(store, store.device, SERIAL)


@pytest.fixture
async def foreign(store: ServedStore, ours: World) -> World:
    device = make_device(serial_number="SN-FOREIGN")
    key = (await store.services.database.write(lambda connection: insert_device(connection, device))).key
    return await stocked(store, key, device.serial_number)


async def stocked(store: ServedStore, device: int, serial: str) -> World:
    """One of everything for the device, by the names of the table's placeholders."""

    def insert(connection: Connection) -> World:
        def row(table: Any, **values: Any) -> int:
            result = connection.execute(table.insert().values(values)).inserted_primary_key
            assert result is not None
            return int(result[0])

        by = {"created": 1, "modified": 1, "created_by": "x", "modified_by": "x"}
        group = row(device_groups, name=f"of {serial}", description="", **by)
        event = insert_event(connection, make_event(device)).key
        connection.execute(update(events).where(events.c.key == event).values(group_run_id=event))
        agent = values_of(Agent(device_key=device, agent_type_id=1))
        return {
            "device": device,
            "serial": serial,
            "event": event,
            "run": event,
            "preset": insert_preset(connection, make_preset(device)).key,
            "clip": adopt_clip(connection, make_clip(device))[0].key,
            "group": group,
            "item": row(group_members, group_key=group, device_key=device, created=1),
            "agent": row(agents, **agent),
            "name": f"of {serial}",
            "user": connection.execute(select(users.c.key)).scalars().first(),
            "file": insert_file(
                connection, StoredFile(guid=str(uuid4()), device_key=device, place=Place.DISK, path=serial)
            ).key,
            "key": connection.execute(select(keys.c.key)).scalars().first(),
            "health": row(device_health, device_key=device, health_date=1, health_json="{}"),
            "log": row(log_messages, device_key=device, message_date=1),
            "notification": row(notifications, device_key=device, guid=str(uuid4())),
            "setting": row(device_settings, device_key=device, name="x"),
            "stream": row(streams, device_key=device, stream_path="x"),
            **stocked_media(connection, device, serial),
            **stocked_scripts(connection, device),
        }

    return await store.services.database.write(insert)


def stocked_media(connection: Connection, device: int, stream_path: str) -> World:
    connection.execute(streams.insert().values(device_key=device, stream_path=stream_path))
    image = insert_record(connection, images, Image(device_key=device))
    sound = insert_record(connection, audio_clips, AudioClip(device_key=device))
    return {"image": image.key, "sound": sound.key, "tag": get_or_insert_tag(connection, "goal", 1).key}


def stocked_scripts(connection: Connection, device: int) -> World:
    seen = Camera(device_key=device, camera_index=0, camera_id="a", name="a", backend="bars")
    camera = insert_camera(connection, seen).key
    script = Script(uuid=str(uuid4()), event_name="motion", cameras=f"[{camera}]")
    case = AnalyticCase(uuid=str(uuid4()), device_key=device, camera_key=camera, analytic_type="motion")
    return {
        "camera": camera,
        "script": insert_script(connection, script).key,
        "case": insert_case(connection, case).key,
    }


async def ask(client: SigningClient, needs: Needs, world: World) -> Answer:
    path, body = filled(needs.path, world), filled(needs.body, world)
    if needs.path == "/v1/live" or needs.path.endswith("longpoll"):  # answered for as long as one listens
        text = "" if body is None else json.dumps(body)
        headers, timeout = client.sign(needs.method, path, text), ClientTimeout(total=5)
        request = client.session.request(
            needs.method, client.root + path, data=text or None, headers=headers, timeout=timeout
        )
        async with request as response:
            content = b"" if response.status == 200 else await response.read()
            return Answer(response.status, content, dict(response.headers))
    return await client.call(needs.method, path, body, query=dict(needs.query))


async def rows(store: ServedStore) -> dict[str, list[Any]]:
    def read(connection: Connection) -> dict[str, list[Any]]:
        tables = [table for table in metadata.sorted_tables if table.name not in BY_ITSELF]
        return {table.name: sorted(map(repr, connection.execute(select(*table.c)).all())) for table in tables}

    return await store.services.database.read(read)


def told(answer: Answer) -> str:
    """The text of a refusal, in either shape."""
    said = answer.json()
    return str(said.get("detail", said))


def refused(answer: Answer, permission: Permission) -> bool:
    return (
        answer.status == 403
        and answer.json().get("code", "forbidden") == "forbidden"
        and repr(permission.value) in told(answer).replace("\\", "")
    )


def test_the_table_has_every_route_that_needs_a_signature() -> None:
    app = web.Application()
    app.add_routes(ROUTES)
    world = dict.fromkeys(re.findall(r"\$(\w+)", " ".join(needs.path for needs in TABLE)), 1)

    async def handler_of(needs: Needs) -> Any:
        path = filled(needs.path, world)
        return (await app.router.resolve(make_mocked_request(needs.method, path))).handler

    async def tabled() -> set[Any]:
        return {await handler_of(needs) for needs in TABLE}

    known = asyncio.run(tabled())
    signed = [route for route in ROUTES if (said := operation_of(route)).access is Access.SIGNED and said.offered]
    assert [f"{route.method} {route.path}" for route in signed if route.handler not in known] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is refused reaches no database
@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR, Role.DEVICE])
async def test_what_a_role_may_not_do_is_refused_and_changes_nothing(
    store: ServedStore, ours: World, role: Role
) -> None:
    scope = (ScopeKind.DEVICE, store.device) if role is Role.DEVICE else (ScopeKind.ALL, 0)
    client = await client_of(store, role, *scope)
    before = await rows(store)
    denied = [needs for needs in TABLE if not needs.met_by(role)]
    assert denied
    wrong = []
    for needs in denied:
        answer = await ask(client, needs, ours)
        assert needs.permission is not None
        if not refused(answer, needs.permission):
            wrong.append((needs.method, needs.path, needs.permission, answer.status, answer.body))
    assert not wrong, "\n".join(map(str, wrong))
    assert await rows(store) == before


@pytest.mark.parametrize("role", list(Role))
async def test_what_a_role_may_do_is_not_refused(store: ServedStore, ours: World, role: Role) -> None:
    scope = (ScopeKind.DEVICE, store.device) if role is Role.DEVICE else (ScopeKind.ALL, 0)
    client = await client_of(store, role, *scope)
    allowed = [needs for needs in TABLE if needs.met_by(role)]
    answers = [(needs.method, needs.path, await ask(client, needs, ours)) for needs in allowed]
    assert [(method, path, answer.body) for method, path, answer in answers if answer.status in (401, 403, 500)] == []
    looked = [(path, answer.status) for method, path, answer in answers if method == "GET" and path not in ABSENT]
    assert [(path, status) for path, status in looked if status != 200] == []


def _places(needs: Needs) -> bool:
    """Whether the request is about one device. A group run is of many: the others' part of it is left out."""
    return "$run" not in needs.path and "$" in needs.path.replace("$key", "") + json.dumps(needs.body)


@pytest.mark.parametrize(
    ("role", "scope"),
    [(Role.DEVICE, ScopeKind.DEVICE), (Role.ADMIN, ScopeKind.DEVICE), (Role.ADMIN, ScopeKind.GROUP)],
)
async def test_devices_out_of_reach_are_refused_and_no_guess_tells_which_there_are(
    store: ServedStore, ours: World, foreign: World, role: Role, scope: ScopeKind
) -> None:
    client = await client_of(store, role, scope, ours["device" if scope is ScopeKind.DEVICE else "group"])
    nowhere = dict.fromkeys(foreign, 987_654) | {"serial": "SN-NONE", "name": "of none"}
    before = await rows(store)
    wrong = []
    for needs in TABLE:
        if needs.met_by(role) and needs.permission is not Permission.ADMINISTER and _places(needs):
            there, none = await ask(client, needs, foreign), await ask(client, needs, nowhere)
            # Scripts tell what is wrong with each member: of a foreign one, that it is none.
            unknown = there.status == 422 and needs.path.startswith("/api/")
            said = told(there) if there.status == 403 or unknown else ""
            if not (unknown or "outside of its scope" in said) or told(none) != said:
                wrong.append((needs.method, needs.path, there.status, there.body, none.body))
    assert not wrong, "\n".join(map(str, wrong))
    assert await rows(store) == before


@pytest.mark.parametrize("scope", [ScopeKind.DEVICE, ScopeKind.GROUP])
async def test_only_who_administers_everything_touches_keys_and_adds_devices(
    store: ServedStore, ours: World, scope: ScopeKind
) -> None:
    client = await client_of(store, Role.ADMIN, scope, ours["device" if scope is ScopeKind.DEVICE else "group"])
    for needs in TABLE:
        if needs.permission is Permission.ADMINISTER or needs[:2] in NEW:
            answer = await ask(client, needs, ours)
            assert answer.status == 403, needs
            assert "for all devices" in told(answer)


@pytest.mark.parametrize("scope", [ScopeKind.DEVICE, ScopeKind.GROUP])
async def test_lists_show_what_is_in_reach(store: ServedStore, ours: World, foreign: World, scope: ScopeKind) -> None:
    client = await client_of(store, Role.READER, scope, ours["device" if scope is ScopeKind.DEVICE else "group"])
    lists: tuple[tuple[str, str, Any, str], ...] = (
        ("GET", "/v1/device/list", None, "device"),
        ("POST", "/v1/event/list", {}, "event"),
        ("POST", "/v1/event/lastevent/agenttype/1", {}, "event"),
        ("GET", "/v1/clip/list", None, "clip"),
        ("GET", "/v1/devicegroup/list", None, "group"),
        ("POST", "/v1/agent/list", {}, "agent"),
        ("POST", "/v1/logmessage/list", {}, "log"),
        ("GET", "/v1/notification/list", None, "notification"),
    )
    for method, path, body, kind in lists:
        everything = {record["key"] for record in await store.client.json(method, path, body)}
        assert everything == {ours[kind], foreign[kind]}, path
        assert [record["key"] for record in await client.json(method, path, body)] == [ours[kind]], path
    of_event = {"eventID": str(foreign["event"])}
    assert await client.json("GET", "/v1/clip/list", query=of_event) == []


async def test_a_workflow_reaches_no_further_than_who_writes_it(
    store: ServedStore, ours: World, foreign: World
) -> None:
    client = await client_of(store, Role.OPERATOR, ScopeKind.DEVICE, store.device)

    def event(step: dict[str, int]) -> dict[str, Any]:
        steps = json.dumps([step])
        return {"deviceID": store.device, "eventType": "Workflow_Event_preset_workflow", "eventParameters": steps}

    mine, theirs = {"eventPresetID": ours["preset"]}, {"eventPresetID": foreign["preset"]}
    for step in (theirs, {**mine, "deviceID": foreign["device"]}, {"eventPresetID": 987_654}):
        for path in ("/v1/event", "/v1/eventpreset"):
            assert (await client.call("POST", path, event(step))).status == 403, (path, step)
    made = await client.json("POST", "/v1/eventpreset", event(mine))
    changed = {**made, "eventParameters": json.dumps([theirs])}
    assert (await client.call("PUT", f"/v1/eventpreset/{made['key']}", changed)).status == 403
    whole = await store.client.json("POST", "/v1/eventpreset", event(theirs))
    assert (await client.call("POST", f"/v1/eventpreset/{whole['key']}/copy/{store.device}")).status == 403
    assert (await client.call("POST", f"/v1/eventpreset/run/{whole['key']}", {})).status == 200, "its writer decided"


async def test_a_groups_preset_is_for_who_reaches_the_whole_group(
    store: ServedStore, ours: World, foreign: World
) -> None:
    body = {"deviceGroupID": ours["group"], "eventType": "Video_Test_event"}
    key = (await store.client.json("POST", "/v1/eventpreset", body))["key"]
    member = await client_of(store, Role.ADMIN, ScopeKind.DEVICE, ours["device"])
    assert (await member.json("GET", f"/v1/eventpreset/{key}"))["deviceGroupID"] == ours["group"]
    for method, path, wanted in (
        ("POST", "/v1/eventpreset", body),
        ("PUT", f"/v1/eventpreset/{key}", {**body, "eventTypeID": 1}),
        ("DELETE", f"/v1/eventpreset/{key}", None),
    ):
        assert refused(await member.call(method, path, wanted), Permission.EDIT), (method, path)
    stranger = await client_of(store, Role.ADMIN, ScopeKind.DEVICE, foreign["device"])
    said = [(await stranger.call("GET", f"/v1/eventpreset/{each}")).json()["detail"] for each in (key, 987_654)]
    assert said[0] == said[1]


async def test_who_leaves_the_group_leaves_the_reach(store: ServedStore, ours: World, foreign: World) -> None:
    client = await client_of(store, Role.OPERATOR, ScopeKind.GROUP, ours["group"])
    event = {"deviceID": foreign["device"], "eventType": "Video_Test_event"}
    assert (await client.call("POST", "/v1/event", event)).status == 403
    assert (
        await store.client.call("POST", f"/v1/devicegroup/{ours['group']}/device/{foreign['device']}")
    ).status == 200
    assert (await client.call("POST", "/v1/event", event)).status == 200
    items = await store.client.json("GET", f"/v1/devicegroup/{ours['group']}/item/list")
    joined = next(item["key"] for item in items if item["key"] != ours["item"])
    assert (await store.client.call("DELETE", f"/v1/collectionitem/{joined}")).status == 200
    assert (await client.call("POST", "/v1/event", event)).status == 403


async def test_a_waiting_poll_ends_as_its_device_leaves_the_group(store: ServedStore, ours: World) -> None:
    client = await client_of(store, Role.ADMIN, ScopeKind.GROUP, ours["group"])
    await store.client.json("DELETE", f"/v1/event/list/pending/{store.device}")
    poll = asyncio.create_task(client.call("POST", "/v1/event/list/pending/longpoll", {"deviceID": store.device}))
    await until(lambda: store.services.wakeups.polls_waiting)
    assert (await store.client.call("DELETE", f"/v1/collectionitem/{ours['item']}")).status == 200
    await store.client.json("POST", "/v1/event", {"deviceID": store.device, "eventType": "Video_Test_event"})
    assert refused(await asyncio.wait_for(poll, 5), Permission.REPORT)


async def test_a_device_may_tell_of_itself_and_change_nothing_else_of_it(store: ServedStore, ours: World) -> None:
    client = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    record = await client.json("GET", f"/v1/device/{store.device}")
    told = {**record, "volume": 7, "location": "stage"}
    assert (await client.call("PUT", f"/v1/device/{store.device}", told)).status == 200
    assert (await client.json("GET", f"/v1/device/{store.device}"))["volume"] == 7
    for change in (
        {"deviceName": "mine"},
        {"serialNumber": "SN-X"},
        {"isArchived": True},
        {"volume": 8, "logHealth": True},
    ):
        answer = await client.call("PUT", f"/v1/device/{store.device}", {**record, **change})
        assert refused(answer, Permission.MANAGE), change
    assert (await client.json("GET", f"/v1/device/{store.device}"))["volume"] == 7


async def test_a_body_that_names_no_device_is_told_so(store: ServedStore, ours: World) -> None:
    client = await client_of(store, Role.DEVICE, ScopeKind.DEVICE, store.device)
    answer = await client.call("POST", "/v1/event/dequeue", {"agentType": "Video"})
    assert (answer.status, answer.json()["code"]) == (400, "bad_request_body")
    assert await client.json("POST", "/v1/event/list/pending", {}) == []


async def test_a_key_belongs_to_the_user_who_makes_it(store: ServedStore) -> None:
    second = await client_of(store, Role.ADMIN)
    made = await second.json("POST", "/v1/apikey", {"aPIKeyDescription": "of the second"})
    users = await store.services.database.read(
        lambda connection: dict(connection.execute(select(keys.c.access_key, keys.c.user_key)).tuples().all())
    )
    assert users[made["accessKey"]] == users[second.key.access_key] != users[store.client.key.access_key]
