"""The commands about users against a real store on a Unix socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from fakes.command_line import Ended, called
from fakes.people import PASSWORD, cheap_passwords, sign_in
from fakes.served_store import SERIAL, ServedStore, served_store

from presets_store.api import ApiSettings, build_app, make_runner


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    """Served where the commands look for the agent."""
    async with served_store(tmp_path) as served:
        cheap_passwords(served)
        runner = make_runner(build_app(served.services, served.clock, ApiSettings(version="1")))
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "api.sock")).start()
        yield served
        await runner.cleanup()


async def test_a_user_from_the_first_to_the_last_command(store: ServedStore, tmp_path: Path) -> None:
    async def typed(*arguments: str, stdin: str = "") -> Ended:
        return await called(tmp_path, "user", *arguments, stdin=stdin)

    made = await typed("create", "alice", "--role", "operator", "--scope", f"device:{SERIAL}", "--password",
                       stdin=f"{PASSWORD}\n")  # fmt: skip
    assert (made.out, made.err) == ("user 2 (alice) is operator of device 1\n", "")
    assert (await sign_in(store)).status == 200
    lines = (await typed("list")).out.splitlines()
    assert lines[0].split() == ["ID", "name", "role", "scope", "status", "signs", "in", "by", "created", "e-mail"]
    assert lines[2].split()[:7] == ["2", "alice", "operator", "device", "1", "active", "password,"]
    assert (await typed("disable", "alice")).out == "user alice is disabled\n"
    assert (await sign_in(store)).status == 401
    assert (await typed("enable", "2", "--json")).document["status"] == "active"
    changed = await typed("password", "alice", stdin="another long secret\n")
    assert changed.out == "user alice has a new password, and is signed out everywhere\n"
    assert (await sign_in(store, password="another long secret")).status == 200


async def test_what_cannot_be_is_told(store: ServedStore, tmp_path: Path) -> None:
    await store.client.json("POST", "/v1/devicegroup", {"value": "stage"})
    for arguments, code, text in (
        (("create", "bob", "--role", "reader", "--scope", "stage"), 2, "is not all, device:DEVICE or group:GROUP"),
        (("create", "bob", "--role", "king"), 3, "role: is not one of the known values"),
        (("create", "bob", "--role", "reader", "--scope", "group:cellar"), 3, "no device group"),
        (("disable", "owner"), 3, "make another one first"),
        (("disable", "bob"), 3, "no user is named 'bob'"),
    ):
        ended = await called(tmp_path, "user", *arguments)
        assert (ended.code, text in ended.err) == (code, True), ended
    ended = await called(tmp_path, "user", "create", "bob", "--role", "reader", "--scope", "group:stage")
    assert ended.out == "user 2 (bob) is reader of group 1\n"


async def test_a_key_is_made_for_a_user(store: ServedStore, tmp_path: Path) -> None:
    await called(tmp_path, "user", "create", "bob", "--role", "reader")
    made = (await called(tmp_path, "key", "create", "the wall", "--user", "bob", "--json")).document
    listed = await store.client.json("GET", "/v1/user/2/apikey/list")
    assert [key["accessKey"] for key in listed] == [made["accessKey"]]
    assert (await called(tmp_path, "key", "create", "x", "--user", "eve")).code == 3
