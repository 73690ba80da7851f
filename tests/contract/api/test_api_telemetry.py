"""Log messages, notifications, settings and streams: what is kept of them, and who sees what."""

import json
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.principals import client_of
from fakes.served_store import SERIAL, Answer, ServedStore, SigningClient
from sqlalchemy import update

from agent.startup.incidents import note_incidents
from presets_store.clock import micros
from presets_store.protocol.fields import format_moment
from presets_store.protocol.fleet.messages import CreateNotification
from presets_store.protocol.live import LiveKind
from presets_store.protocol.system import NameValuePair
from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.caller import INSIDE
from presets_store.services.errors import InvalidInput
from presets_store.services.fleet import settings as settings_service
from presets_store.services.fleet import streams as streams_service
from presets_store.services.restoring.restore import Incident
from presets_store.storage.tables import events


def said(answer: Answer, status: int) -> str:
    assert answer.status == status, answer.body
    detail: str = answer.json()["detail"]
    return detail


async def done(client: SigningClient, method: str, path: str, body: Any = None, **query: str) -> None:
    """A write, which is answered without a body."""
    answer = await client.call(method, path, body, query=query)
    assert (answer.status, answer.body) == (200, b"")


async def log(store: ServedStore, text: str, date: str = "", serial: str = SERIAL) -> dict[str, Any]:
    body = {"deviceName": serial, "deviceSerial": serial, "agentType": "video", "message": text, "logDate": date}
    message: dict[str, Any] = await store.client.json("POST", "/v1/logmessage", body)
    return message


async def test_messages_are_listed_by_date(store: ServedStore, clock: ManualClock) -> None:
    await store.client.json("POST", "/v1/device", {"serialNumber": "2", "deviceName": "Attic"})
    agent = await store.client.json("POST", "/v1/agent", {"deviceSerial": SERIAL, "agentType": "Video"})
    late = await log(store, "late", "2026-11-20 10:00:00.250000+00:00")
    early = await log(store, "early", "2026-11-20 09:00:00+00:00")
    now, ahead = await log(store, "now", serial="2"), await log(store, "ahead", "2999-01-01T00:00:00Z")
    assert late["messageDate"] == "2026-11-20T10:00:00.250000Z"
    assert now["messageDate"] == ahead["messageDate"] == format_moment(micros(clock.now()))
    assert (late["agentID"], now["agentID"]) == (agent["key"], 0)

    async def listed(**fields: Any) -> list[str]:
        found = await store.client.json("POST", "/v1/logmessage/list", fields)
        return [message["message"] for message in found]

    assert await listed() == ["ahead", "now", "late", "early"]
    assert await listed(order="asc", count=2) == ["early", "late"]
    assert await listed(deviceID=store.device, endDate="2026-11-20T10:00:00.250Z") == ["late", "early"]
    assert await listed(startDate="2026-11-20 09:00:00.000001", count=9) == ["ahead", "now", "late"]
    (named,) = await store.client.json("POST", "/v1/logmessage/list", {"startDate": now["messageDate"], "deviceID": 2})
    assert (named["deviceName"], named["agentType"]) == ("Attic", "Video")
    shown = await store.client.json("GET", f"/v1/logmessage/{early['key']}")
    assert shown == early
    assert "no log message 4711" in said(await store.client.call("GET", "/v1/logmessage/4711"), 404)
    for body, words in (({"deviceName": SERIAL}, "message is missing"), ({"message": "x"}, "deviceID is missing")):
        assert words in said(await store.client.call("POST", "/v1/logmessage", body), 400)
    unknown = {"deviceName": SERIAL, "message": "x", "agentType": "Vidoe"}
    assert "'Vidoe'" in said(await store.client.call("POST", "/v1/logmessage", unknown), 400)


async def test_what_went_wrong_with_the_devices_memory_is_a_log_message(store: ServedStore) -> None:
    incident = Incident("database_damaged", "the database was damaged", micros(store.clock.now()))
    await note_incidents(store.services.database, [incident])
    (message,) = await store.client.json("POST", "/v1/logmessage/list", {"deviceID": store.device})
    assert (message["message"], message["agentType"]) == ("database_damaged: the database was damaged", "Device")
    assert message["messageDate"] == format_moment(incident.moment)


async def told(client: SigningClient, **query: str) -> list[str]:
    return [each["message"] for each in await client.json("GET", "/v1/notification/list", query=query)]


async def test_each_sees_his_own_notifications_and_those_for_all(store: ServedStore) -> None:
    await store.client.json("POST", "/v1/device", {"serialNumber": "2"})
    users = {each["userName"]: each["key"] for each in await store.client.json("GET", "/v1/user/list")}
    reader = await client_of(store, Role.READER)
    users_now = {each["userName"]: each["key"] for each in await store.client.json("GET", "/v1/user/list")}
    (reading,) = users_now.keys() - users.keys()
    guest = await client_of(store, Role.READER, ScopeKind.DEVICE, 2)
    path = "/v1/notification"
    with store.services.live.listening(INSIDE) as live:
        await done(store.client, "POST", path, {"message": "mine"})
        await done(store.client, "POST", path, {"message": "the reader's", "userID": users_now[reading]})
        await done(store.client, "POST", path, {"message": "about 2", "deviceID": 2})
        await store.services.telemetry.notifications.create(INSIDE, CreateNotification(message="for all"))
        heard = [live.take(), live.take(), live.take()]
    shown = [(each.kind, each.device_id, each.data["message"]) for each in heard if each is not None]
    assert shown == [(LiveKind.NOTIFICATION, 2, "about 2"), (LiveKind.NOTIFICATION, 0, "for all")]
    assert await told(store.client) == ["for all", "about 2", "mine"]
    assert await told(reader) == ["for all", "about 2", "the reader's"]
    assert await told(guest) == ["about 2"]
    records = await store.client.json("GET", f"{path}/list")
    for_all, mine = f"{path}/{records[0]['key']}", f"{path}/{records[2]['key']}"
    assert await reader.json("GET", for_all) == records[0]
    for method, body in (("GET", None), ("PUT", {"message": "x"}), ("DELETE", None)):
        assert "no notification" in said(await reader.call(method, mine, body), 404)
        assert "outside of its scope" in said(await guest.call(method, mine, body), 403)
        if method != "GET":
            assert "permission 'edit'" in said(await reader.call(method, for_all, body), 403)
    own = next(each for each in await reader.json("GET", f"{path}/list") if each["message"] == "the reader's")
    await done(reader, "PUT", f"{path}/{own['key']}", {**own, "seenInApp": True})
    await done(reader, "DELETE", f"{path}/{own['key']}")
    assert await told(reader) == ["for all", "about 2"]


async def test_who_may_notify_whom(store: ServedStore) -> None:
    path = "/v1/notification"
    operator, reader = await client_of(store, Role.OPERATOR), await client_of(store, Role.READER)
    refused: tuple[tuple[SigningClient, dict[str, Any], str], ...] = (
        (reader, {}, "permission 'edit'"),
        (reader, {"deviceID": store.device}, "permission 'edit'"),
        (operator, {"userID": 1}, "permission 'administer'"),
    )
    for client, fields, words in refused:
        assert words in said(await client.call("POST", path, {"message": "x", **fields}), 403)
    await done(operator, "POST", path, {"message": "to myself"})
    assert (await told(operator), await told(store.client)) == (["to myself"], [])
    wrong: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"message": ""}, 400, "message is too short"),
        ({"message": "x", "userID": 4711}, 404, "no user 4711"),
        ({"message": "x", "userID": 1, "deviceID": 1}, 400, "userID is given beside deviceID"),
    )
    for fields, status, words in wrong:
        assert words in said(await store.client.call("POST", path, fields), status)


async def test_notifications_are_marked_filtered_and_archived(store: ServedStore, clock: ManualClock) -> None:
    path = "/v1/notification"
    await done(store.client, "POST", path, {"message": "first"})
    clock.advance(100)
    since = str(int(clock.now()))
    await done(store.client, "POST", path, {"message": "second"})
    second, first = await store.client.json("GET", f"{path}/list")
    await done(store.client, "PUT", f"{path}/{first['key']}", {**first, "seenInApp": True, "sentAsEmail": True})
    marked = await store.client.json("GET", f"{path}/{first['key']}")
    now = format_moment(micros(clock.now()))
    assert marked == {**first, "seenInApp": True, "seenDate": now, "sentAsEmail": True, "sentAsEmailDate": now}
    for query, expected in (
        ({"seeninapp": "true"}, ["first"]),
        ({"seen_in_app": "false"}, ["second"]),
        ({"sentasemail": "True", "seen_in_app": "true"}, ["first"]),
        ({"sent_as_email": "false"}, ["second"]),
        ({"sinceepoch": since}, ["second"]),
        ({"last_epoch_time": since, "seen_in_app": "true"}, []),
        ({"last_epoch_time": "0"}, ["second", "first"]),
    ):
        assert await told(store.client, **query) == expected, query
    bad = await store.client.call("GET", f"{path}/list", query={"seeninapp": "perhaps"})
    assert "seeninapp is not true or false" in said(bad, 400)
    await done(store.client, "PUT", f"{path}/{second['key']}", {"isArchived": True, "message": "third"})
    assert await told(store.client) == ["first"]
    assert (await store.client.json("GET", f"{path}/{second['key']}"))["message"] == "third"


async def test_settings_of_a_device(store: ServedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v1/devicesetting/device/{store.device}"
    for name, value in (("site", "north"), ("floor", 2), ("site", "south")):
        await done(store.client, "PUT", path, {"name": name, "value": value})
    listed = await store.client.json("GET", f"{path}/list")
    assert [(each["settingName"], each["settingValue"]) for each in listed] == [("floor", "2"), ("site", "south")]
    for query in ({"settingname": "site"}, {"setting_name": "site"}):
        assert await store.client.json("GET", path, query=query) == listed[1]
    assert "settingname or setting_name" in said(await store.client.call("GET", path), 400)
    assert await store.services.events.pending(store.device) == []
    await done(store.client, "PUT", path, {"name": "log_level", "value": "DEBUG"}, local="true")
    (event,) = await store.services.events.pending(store.device)
    assert json.loads(event.event_parameters) == {"name": "log_level", "value": "DEBUG"}
    await done(store.client, "DELETE", path, settingname="floor")
    assert "no setting 'floor'" in said(await store.client.call("DELETE", path, query={"settingname": "floor"}), 404)
    monkeypatch.setattr(settings_service, "MOST_SETTINGS", 2)
    await done(store.client, "PUT", path, {"name": "site", "value": "west"})
    assert "delete one" in said(await store.client.call("PUT", path, {"name": "more", "value": ""}), 409)
    assert [each["settingName"] for each in await store.client.json("GET", f"{path}/list")] == ["log_level", "site"]


async def test_settings_of_a_user_are_his_own(store: ServedStore) -> None:
    path, reader = "/v1/usersetting", await client_of(store, Role.READER)
    await done(store.client, "PUT", path, {"name": "theme", "value": "dark"})
    await done(reader, "PUT", path, {"name": "theme", "value": "light"})
    for client, value in ((store.client, "dark"), (reader, "light")):
        assert (await client.json("GET", path, query={"setting_name": "theme"}))["settingValue"] == value
        assert [each["settingValue"] for each in await client.json("GET", f"{path}/list")] == [value]
    await done(reader, "DELETE", path, setting_name="theme")
    assert "no setting 'theme'" in said(await reader.call("GET", path, query={"settingname": "theme"}), 404)
    own = store.services.telemetry.user_settings
    for call in (own.list(INSIDE), own.get(INSIDE, "x"), own.delete(INSIDE, "x")):
        with pytest.raises(InvalidInput, match="is no user's"):
            await call
    with pytest.raises(InvalidInput, match="is no user's"):
        await own.put(INSIDE, NameValuePair(name="x"))


async def stream(store: ServedStore, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = await store.client.json("POST", "/v1/stream", {"deviceID": store.device, **fields})
    return made


async def test_streams_are_told_of_changed_and_found(store: ServedStore, clock: ManualClock) -> None:
    of_device = f"/v1/device/{store.device}/stream"
    assert "no stream" in said(await store.client.call("GET", f"{of_device}/mostrecent"), 404)
    first = await stream(store, streamType="rtmp", streamPath="gate", actionType="Video_Start_RTMP")
    assert (first["streamTypeID"], first["creationDate"]) == (6, first["lastActivityDate"])
    clock.advance(200)
    second = await stream(store, streamType=7, streamName="Second")
    assert (second["streamTypeID"], second["actionTypeID"]) == (7, 0)
    assert await store.client.json("GET", f"{of_device}/mostrecent") == second
    path = f"/v1/stream/{first['key']}"
    date = format_moment(micros(clock.now() + 1))
    patch = [{"operation": "", "fieldName": name, "value": value}
             for name, value in (("StreamName", "Gate"), ("LastActivityDate", str(date)))]  # fmt: skip
    await done(store.client, "PATCH", path, patch)
    changed = {**first, "streamName": "Gate", "lastActivityDate": date}
    assert await store.client.json("GET", path) == changed
    assert await store.client.json("POST", f"{of_device}/path", {"value": "gate"}) == changed
    assert "with this path" in said(await store.client.call("POST", f"{of_device}/path", {"value": "back"}), 404)
    await done(store.client, "PUT", path, {**changed, "deviceID": 99, "key": 99, "eventID": 5, "readURL": "https://x"})
    changed |= {"eventID": 5, "readURL": "https://x"}
    assert await store.client.json("GET", f"{of_device}/list") == [changed, second]
    wrong = [{"operation": "", "fieldName": "DeviceID", "value": "2"}]
    assert "one of streamName" in said(await store.client.call("PATCH", path, wrong), 400)
    for fields, words in (({"streamType": "SRTT"}, "'RTMP' or 'SRT'"), ({"actionType": "Fly"}, "'Fly'")):
        assert words in said(await store.client.call("POST", "/v1/stream", {"deviceID": store.device, **fields}), 400)
    await done(store.client, "DELETE", path)
    assert await store.client.json("GET", f"{of_device}/list") == [second]


async def test_a_stream_is_active_while_it_moves_or_its_event_goes_on(store: ServedStore, clock: ManualClock) -> None:
    body = {"deviceID": store.device, "eventType": "Video_Start_SRT"}
    event = (await store.client.json("POST", "/v1/event", body))["eventID"]
    for name, event_id in (("of an event", event), ("of none", 0)):
        await stream(store, streamName=name, eventID=event_id)

    async def active() -> list[str]:
        found = await store.client.json("GET", f"/v1/device/{store.device}/stream/list", query={"activeonly": "true"})
        return [each["streamName"] for each in found]

    assert await active() == ["of none", "of an event"]
    clock.advance(301)
    assert await active() == []
    processing = update(events).where(events.c.key == event).values(event_status=3)
    await store.services.database.write(lambda connection: connection.execute(processing))
    assert await active() == ["of an event"]


async def test_a_device_keeps_so_many_streams(
    store: ServedStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams_service, "KEPT", 2)
    for name in ("a", "b", "c"):
        clock.advance(1)
        await stream(store, streamName=name)
    listed = await store.client.json("GET", f"/v1/device/{store.device}/stream/list")
    assert [each["streamName"] for each in listed] == ["c", "b"]
