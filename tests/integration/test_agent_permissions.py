"""The routes that only an agent has: who may look, and who may touch secrets."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.principals import client_of
from fakes.served_store import Answer, ServedStore, SigningClient, served_store
from fakes.stored import make_device
from sqlalchemy import Connection

from agent.api.camera_secrets import CAMERA_SECRETS
from agent.api.preview import VIEWING
from agent.api.routes import ROUTES, SEAL_KEY, STARTING, STATUS
from agent.api.status import StatusReader
from presets_store.api import ApiSettings, build_app, make_runner
from presets_store.api.documentation import operation_of
from presets_store.errors import CuelightError, Kind
from presets_store.rules.permissions import PERMISSIONS, Permission, Role, ScopeKind
from presets_store.storage.devices import insert_device

LOOKING: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/v1/camera/front/snapshot", None),
    ("GET", "/v1/camera/front/mjpeg", None),
    ("GET", "/v1/camera/front/hls/x/index.m3u8", None),
    ("POST", "/v1/camera/front/viewlink", {}),
    ("GET", "/v1/status", None),
)
ADMINISTERING: tuple[tuple[str, str, Any], ...] = (
    ("PUT", "/v1/camera/front/secret", {"secret": "x"}),
    ("DELETE", "/v1/camera/front/secret", None),
    ("POST", "/v1/sealkey/rotate", None),
)
AT_THE_DEVICE: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/upstream/enrolment", {"url": "https://hub.example", "token": "x"}),
    ("DELETE", "/v1/upstream/enrolment", None),
    ("POST", "/v1/upstream/key/rotate", None),
    ("PUT", "/v1/setup", {"settings": ""}),
)


class LetIn(CuelightError):
    """What is behind each route here: whoever comes so far was let in."""

    code = "let_in"
    kind = Kind.NOT_FOUND


class Behind:
    """Stands for the agent's own parts."""

    def __init__(self) -> None:
        self.reached = 0

    async def let_in(self, *_: object) -> Any:
        self.reached += 1
        raise LetIn

    of = keep = rotate = let_in


@dataclass
class Stage:
    store: ServedStore
    behind: Behind
    other: int


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with served_store(tmp_path, ManualClock()) as store:
        behind = Behind()
        app = build_app(store.services, store.clock, ApiSettings(version="1"), extra_routes=ROUTES)
        for key in (VIEWING, CAMERA_SECRETS, SEAL_KEY):
            app[cast("Any", key)] = behind
        app[STARTING] = cast("Any", SimpleNamespace(started=None))
        reader = dict.fromkeys(("settings", "clock", "retention", "chain", "cameras"))
        app[STATUS] = cast("Any", StatusReader)(**reader, services=store.services, boot_id="", since=0.0)
        runner = make_runner(app)
        await runner.setup()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        await web.SockSite(runner, listener).start()
        root = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def insert(connection: Connection) -> int:
            return insert_device(connection, make_device()).key

        other = await store.services.database.write(insert)
        client = SigningClient(root, store.client.key, store.clock, store.client.session)
        yield Stage(replace(store, client=client, app=app), behind, other)
        await runner.cleanup()


def needs(answer: Answer, permission: Permission) -> bool:
    return answer.status == 403 and repr(permission.value) in answer.json()["detail"]


def test_every_route_of_the_agent_is_looked_at() -> None:
    assert len(ROUTES) == len(LOOKING) + len(ADMINISTERING) + len(AT_THE_DEVICE)
    assert all(operation_of(route).offered for route in ROUTES)


@pytest.mark.parametrize("role", list(Role))
async def test_looking_at_this_device_is_for_who_has_it_in_reach(stage: Stage, role: Role) -> None:
    outside = await client_of(stage.store, role, ScopeKind.DEVICE, stage.other)
    for request in LOOKING:
        assert needs(await outside.call(*request), Permission.READ), request
    assert stage.behind.reached == 0
    inside = await client_of(stage.store, role, ScopeKind.DEVICE, stage.store.device)
    for request in LOOKING[:-1]:
        assert (await inside.call(*request)).json()["code"] == "let_in", request
    assert stage.behind.reached == len(LOOKING) - 1


@pytest.mark.parametrize("role", list(Role))
async def test_secrets_are_for_administrators(stage: Stage, role: Role) -> None:
    client = await client_of(stage.store, role)
    for request in ADMINISTERING:
        answer = await client.call(*request)
        allowed = Permission.ADMINISTER in PERMISSIONS[role]
        assert answer.json()["code"] == "let_in" if allowed else needs(answer, Permission.ADMINISTER), request
    assert stage.behind.reached == (len(ADMINISTERING) if role is Role.ADMIN else 0)
    outside = await client_of(stage.store, Role.ADMIN, ScopeKind.DEVICE, stage.other)
    for request in ADMINISTERING:
        assert needs(await outside.call(*request), Permission.ADMINISTER), request


@pytest.mark.parametrize("role", list(Role))
async def test_whom_the_device_obeys_is_said_over_its_socket_only(stage: Stage, role: Role) -> None:
    client = await client_of(stage.store, role)
    for request in AT_THE_DEVICE:
        answer = await client.call(*request)
        if role is Role.ADMIN:
            assert (answer.status, answer.json()["code"]) == (403, "socket_only"), request
        else:
            assert needs(answer, Permission.ADMINISTER), request
