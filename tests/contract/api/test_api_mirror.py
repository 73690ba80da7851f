"""What devices fetch of their hub's scripts, and tell of them."""

from typing import Any

from fakes.inbound import add_cameras, add_script, counters, in_base64, jpeg
from fakes.served_store import Answer, ServedStore
from multidict import CIMultiDict
from sqlalchemy import Connection, select

from presets_store.storage.scripts.mirror import own_scripts
from presets_store.storage.scripts.tables import triggers
from presets_store.storage.scripts.triggers import image_of

UUID = "0190b5c2-7a3b-7c4d-8e5f-0123456789ab"
MOMENT = "2026-11-23T00:59:00Z"


def paths(store: ServedStore) -> tuple[str, str, str]:
    device = f"/v1/device/{store.device}"
    return f"{device}/scripts", f"{device}/scripts/fired", f"{device}/cameras"


def version(answer: Answer) -> str:
    return CIMultiDict(answer.headers)["ETag"]


async def fired(store: ServedStore, **members: Any) -> dict[str, Any]:
    """What a device tells when all scripts of this store have fired at what its front camera saw."""
    scripts = await store.services.database.read(own_scripts)
    of_scripts = [{"scriptUUID": script.uuid, "decidedDate": MOMENT, "carriedOut": 1} for script in scripts]
    told = {"triggerUUID": UUID, "eventName": "motion", "cameraID": "front", "occurredDate": MOMENT}
    return {**told, "scripts": of_scripts, **members}


async def test_the_answer_has_a_version_and_is_sent_once(store: ServedStore) -> None:
    fetch, *_ = paths(store)
    await add_cameras(store, "front")
    await add_script(store, title="first")
    first = await store.client.call("GET", fetch)
    assert (first.status, [each["title"] for each in first.json()["scripts"]]) == (200, ["first"])
    known = {"If-None-Match": version(first)}
    again = await store.client.call("GET", fetch, headers=known)
    assert (again.status, again.body, version(again)) == (304, b"", version(first))
    await add_script(store, title="second")
    other = await store.client.call("GET", fetch, headers=known)
    assert (other.status, len(other.json()["scripts"])) == (200, 2)
    assert version(other) != version(first)


async def test_what_fired_is_noted_once_whatever_comes_of_it_here(store: ServedStore) -> None:
    _, tell, _ = paths(store)
    (front,) = await add_cameras(store, "front")
    key = await add_script(store)
    body = [await fired(store, image=in_base64(jpeg()), attributes='{"count": 2}')]
    for _ in range(2):
        assert (await store.client.call("POST", tell, body)).status == 200
    assert await counters(store, key) == {"fired": 1}

    def found(connection: Connection) -> tuple[list[Any], bytes | None]:
        return list(connection.execute(select(triggers.c.camera_key, triggers.c.fired))), image_of(connection, UUID)

    assert await store.services.database.read(found) == ([(front, 1)], jpeg())


async def test_a_picture_that_is_none_and_a_camera_that_is_gone_take_nothing_with_them(store: ServedStore) -> None:
    _, tell, _ = paths(store)
    key = await add_script(store)
    body = [await fired(store, image="bm8gcGljdHVyZQ==", attributes="[1]", cameraID="gone", eventName="gone.too")]
    assert (await store.client.call("POST", tell, body)).status == 200
    assert await counters(store, key) == {"fired": 1}
    assert await store.services.database.read(lambda connection: image_of(connection, UUID)) is None


async def test_a_device_declares_its_cameras_and_names_given_here_stay(store: ServedStore) -> None:
    *_, cameras = paths(store)
    keys = await add_cameras(store, "front", "back")
    await store.client.json("PUT", cameras, [{"key": keys[0], "name": "Gate"}])
    declared = [
        {"cameraIndex": 1, "cameraID": "front", "name": "Front", "backend": "v4l2"},
        {"cameraIndex": 0, "cameraID": "side", "name": "Side"},
    ]
    listed = await store.client.json("POST", cameras, declared)
    assert [(each["cameraID"], each["name"], each["backend"]) for each in listed] == [
        ("side", "Side", ""), ("front", "Gate", "v4l2"),
    ]  # fmt: skip
    assert listed[1]["key"] == keys[0]
    for wrong in ([declared[0], {**declared[1], "cameraIndex": 1}], [declared[0], {**declared[0], "cameraIndex": 2}]):
        assert (await store.client.call("POST", cameras, wrong)).status == 400
    assert await store.client.json("GET", cameras) == listed
