"""The routes of previews over loopback HTTP, with a camera that the test plays; each answer is as documented."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from fakes.api_document import ApiDocument
from fakes.clock import ManualClock
from fakes.served_store import Answer, ServedStore, SigningClient, served_store
from fakes.viewing import FakeHost
from yarl import URL

from agent.api import hls, preview
from agent.cameras import AgentCamera, Cameras
from agent.settings import CameraSettings
from agent.viewing import viewers
from agent.viewing.viewers import Viewing
from hardware.client import CameraClient, Picture
from hardware.models import SinkEnded
from presets_store.api import ROUTES, ApiSettings, build_app, make_runner
from presets_store.storage.records import Camera

OWN_ROUTES = (*preview.ROUTES, *hls.ROUTES)
DOCUMENT = ApiDocument((*ROUTES, *OWN_ROUTES))
PLAYLIST = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:2.0,\n0.ts\n#EXTINF:2.0,\n1.ts\n'


@dataclass
class Stage:
    """A served agent with the cameras `front` ("Front door") and `back`."""

    client: SigningClient
    host: FakeHost
    viewing: Viewing
    folder: Path
    clock: ManualClock

    async def get(self, path: str) -> Answer:
        """Without a signature."""
        answer = await self.client.send("GET", path)
        DOCUMENT.check_answer("GET", path, answer)
        return answer

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Signed."""
        answer = await self.client.call(method, path, body, **options)
        DOCUMENT.check_answer(method, path, answer)
        return answer

    async def link(self, camera: str = "front", **body: Any) -> dict[str, Any]:
        return dict((await self.call("POST", f"/v1/camera/{camera}/viewlink", body)).json())

    async def given(self, asking: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer to a request for a snapshot, when the camera has given it, if it was asked."""
        request = asyncio.create_task(asking)
        await until(lambda: self.host.handles or request.done())
        for handle in self.host.handles:
            handle.show(Picture(handle.sink_id, 1, b"jpeg"))
            handle.take(SinkEnded(sink_id=handle.sink_id, outcome="stopped", seconds=0, frames=1, dropped=0))
        self.host.handles.clear()
        return await request

    async def watch(self, path: str) -> tuple[aiohttp.ClientResponse, asyncio.StreamReader]:
        """The response to a viewer, and its body as it comes."""
        response = await self.client.session.get(URL(self.client.root + path, encoded=True))
        return response, cast("asyncio.StreamReader", response.content)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5.0):
        while not condition():  # noqa: ASYNC110 - any condition, told by nobody
            await asyncio.sleep(0.001)


async def cameras_of(store: ServedStore, *hosts: FakeHost) -> Cameras:
    names = {"front": "Front door", "back": "Back"}
    declared = await store.services.cameras.declare(
        store.device,
        [
            Camera(
                device_key=store.device,
                camera_index=index,
                camera_id=host.spec.camera_id,
                name=names[host.spec.camera_id],
            )
            for index, host in enumerate(hosts)
        ],
    )
    made = [
        AgentCamera(CameraSettings(id=record.camera_id), record, cast("CameraClient", host))
        for record, host in zip(declared, hosts, strict=True)
    ]
    return Cameras(made, store.services.cameras, store.device)


@asynccontextmanager
async def staged(folder: Path, clock: ManualClock) -> AsyncIterator[Stage]:
    async with served_store(folder, clock) as store:
        host = FakeHost()
        viewing = Viewing(await cameras_of(store, host, FakeHost("back")))
        app = build_app(store.services, store.clock, ApiSettings(version="1"), extra_routes=OWN_ROUTES)
        app[preview.VIEWING], app[hls.HLS_FOLDER] = viewing, folder / "hls"
        app[preview.ADDRESS] = address = SimpleNamespace(url="")
        runner = make_runner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            client = SigningClient(address.url, store.client.key, store.clock, store.client.session)
            yield Stage(client, host, viewing, folder / "hls", clock)
        finally:
            await runner.cleanup()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, ManualClock()) as made:
        yield made


def refused(answer: Answer, status: int, code: str) -> str:
    assert (answer.status, answer.json()["code"]) == (status, code), answer
    return str(answer.json()["detail"])


async def parts(body: asyncio.StreamReader, count: int) -> list[bytes]:
    """The next pictures of a viewer, by their own words."""
    found = []
    for _ in range(count):
        head = await body.readuntil(b"\r\n\r\n")
        assert b"Content-Type: image/jpeg\r\n" in head
        length = int(re.findall(rb"Content-Length: ([0-9]+)", head)[0])
        found.append(await body.readexactly(length))
        assert await body.readexactly(13) == b"\r\n--cuelight\r"
    return found


@pytest.mark.parametrize("named", ["front", "Front%20door", "1"])
async def test_a_snapshot_of_a_camera_by_id_name_or_key(stage: Stage, named: str) -> None:
    answer = await stage.given(stage.call("GET", f"/v1/camera/{named}/snapshot", query={"width": "320"}))
    assert (answer.status, answer.body) == (200, b"jpeg")
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("image/jpeg", "no-store")
    assert [(order.width, order.once) for order in stage.host.orders] == [(320, True)]


async def test_a_link_opens_one_camera_until_its_time_is_over(stage: Stage) -> None:
    link = await stage.link(lifetimeSeconds=60)
    assert link["address"] == stage.client.root
    assert link["expiresDate"] == "2026-11-23T01:01:00.000000Z"
    assert (await stage.given(stage.get(link["snapshot"]))).status == 200
    refused(await stage.get(link["snapshot"].replace("front", "back")), 401, "link_refused")
    refused(await stage.get(link["snapshot"].replace("front", "Front%20door")), 401, "link_refused")
    refused(await stage.get(link["snapshot"][:-1]), 401, "link_refused")
    refused(await stage.get("/v1/camera/front/snapshot?token="), 401, "link_refused")
    refused(await stage.get("/v1/camera/front/snapshot"), 401, "signature_header_missing")
    stage.clock.advance(60)
    refused(await stage.get(link["snapshot"]), 401, "link_refused")
    refused(await stage.get(link["mjpeg"]), 401, "link_refused")


async def test_a_link_opens_nothing_else(stage: Stage) -> None:
    token = (await stage.link())["token"]
    for method, path in (
        ("POST", "/v1/camera/front/viewlink"),
        ("GET", "/v1/device/list"),
        ("GET", "/v1/clip/list"),
        ("POST", "/v1/event"),
    ):
        answer = await stage.client.send(method, f"{path}?token={token}", b"{}")
        refused(answer, 401, "signature_header_missing")


@pytest.mark.parametrize("seconds", [0, -1, 24 * 3600 + 1, "soon"])
async def test_a_link_lives_a_day_at_most(stage: Stage, seconds: object) -> None:
    answer = await stage.call("POST", "/v1/camera/front/viewlink", {"lifetimeSeconds": seconds})
    assert "lifetimeSeconds" in answer.json()["errors"][0]["field"]
    assert (await stage.call("POST", "/v1/camera/front/viewlink", {"lifetimeSeconds": 24 * 3600})).status == 200


async def test_what_is_not_there_says_so(stage: Stage) -> None:
    for path in ("snapshot", "mjpeg", "hls/stream/index.m3u8"):
        refused(await stage.call("GET", f"/v1/camera/side/{path}"), 404, "camera_unknown")
    refused(await stage.call("POST", "/v1/camera/side/viewlink", {}), 404, "camera_unknown")


@pytest.mark.parametrize(
    ("path", "field"), [("snapshot?width=-1", "width"), ("mjpeg?fps=1e9", "fps"), ("mjpeg?width=x", "width")]
)
async def test_wrong_queries_are_refused_with_what_would_be_right(stage: Stage, path: str, field: str) -> None:
    token = (await stage.link())["token"]
    answer = await stage.get(f"/v1/camera/front/{path}&token={token}")
    refused(answer, 400, "bad_request_body")
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_a_camera_that_gives_nothing_is_a_503(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "FIRST_WITHIN", 0.05)
    link = await stage.link()
    for path in (link["snapshot"], link["mjpeg"]):
        answer = await stage.get(path)
        assert "it is stalled: the driver does not return" in refused(answer, 503, "camera_silent")
        assert answer.headers["Retry-After"]


async def test_moving_pictures_are_parts_of_one_body(stage: Stage) -> None:
    asking = asyncio.create_task(stage.watch((await stage.link())["mjpeg"] + "&width=640&fps=5"))
    await until(lambda: stage.host.handles)
    stage.host.show(1, b"one")
    response, body = await asking
    assert response.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=cuelight"
    assert response.headers["Cache-Control"] == "no-store"
    assert await parts(body, 1) == [b"one"]
    stage.host.show(2, b"two" * 50_000)
    assert await parts(body, 1) == [b"two" * 50_000]
    assert [(order.width, order.rate) for order in stage.host.orders] == [(640, 5)]
    response.close()
    await until(lambda: stage.host.stopped)


async def test_old_browsers_get_them_without_chunks(stage: Stage) -> None:
    path = (await stage.link())["mjpeg"]
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(stage.client.root).port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    await until(lambda: stage.host.handles)
    stage.host.show(1, b"one")
    assert b"chunked" not in await reader.readuntil(b"\r\n\r\n")
    assert await parts(reader, 1) == [b"one"]
    writer.close()


async def test_the_crowd_is_bounded(stage: Stage) -> None:
    path = (await stage.link())["mjpeg"]
    asking = [asyncio.create_task(stage.watch(path)) for _ in range(viewers.MOST_VIEWERS)]
    await until(lambda: stage.host.handles)
    stage.host.show(1)
    crowd = [(await each)[0] for each in asking]
    refused(await stage.get(path), 429, "too_many_viewers")
    crowd[0].close()
    await until(lambda: len(stage.viewing._viewers["front"]._looks) < viewers.MOST_VIEWERS)
    response, _ = await stage.watch(path)
    assert response.status == 200
    for each in (*crowd, response):
        each.close()


async def test_a_viewer_that_takes_nothing_is_let_go_and_costs_one_picture(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "STALLED_SECONDS", 0.3)
    monkeypatch.setattr(preview, "LOOK_EVERY", 0.05)
    path = (await stage.link())["mjpeg"]
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        slow.connect(("127.0.0.1", URL(stage.client.root).port))
        slow.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await until(lambda: stage.host.handles)
        for number in range(40):
            stage.host.show(number, bytes(200_000))
            await asyncio.sleep(0.005)
        await until(lambda: stage.host.stopped)
        slow.settimeout(5.0)
        taken = await asyncio.to_thread(everything, slow)
    assert taken.count(b"Content-Length") <= 4


def everything(connection: socket.socket) -> bytes:
    found = []
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(1 << 16):
            found.append(data)
    return b"".join(found)


async def test_who_looks_by_a_link_is_sent_away_at_its_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "LOOK_EVERY", 0.05)
    asking = asyncio.create_task(stage.watch((await stage.link(lifetimeSeconds=1))["mjpeg"]))
    await until(lambda: stage.host.handles)
    stage.host.show(1, b"one")
    _, body = await asking
    assert (await body.read()).count(b"Content-Length") == 1


async def test_viewers_do_not_hold_up_the_end_of_the_agent(stage: Stage) -> None:
    asking = asyncio.create_task(stage.watch((await stage.link())["mjpeg"]))
    await until(lambda: stage.host.handles)
    stage.host.show(1, b"one")
    _, body = await asking
    await stage.viewing.close()
    async with asyncio.timeout(2.0):
        await body.read()


async def test_a_stream_that_ends_while_its_playlist_is_asked_for_is_unknown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_file", lambda _: True)  # it was, a moment ago
    refused(await stage.call("GET", "/v1/camera/front/hls/porch/index.m3u8"), 404, "stream_unknown")


async def test_who_does_not_take_a_file_of_an_hls_stream_is_let_go(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "TAKEN_WITHIN", 0.3)
    folder = stage.folder / "front" / "porch"
    folder.mkdir(parents=True)
    (folder / "0.ts").write_bytes(bytes(32 << 20))
    token = (await stage.link())["token"]
    url = URL(stage.client.root)
    reader, writer = await asyncio.open_connection(url.host, url.port, limit=1024)
    writer.write(f"GET /v1/camera/front/hls/porch/0.ts?token={token} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    await asyncio.sleep(1.0)
    with contextlib.suppress(ConnectionResetError):
        assert len(await asyncio.wait_for(reader.read(), 5)) < 32 << 20
    writer.close()


async def test_the_files_of_an_hls_stream(stage: Stage) -> None:
    folder = stage.folder / "front" / "porch"
    folder.mkdir(parents=True)
    (folder / "index.m3u8").write_text(PLAYLIST)
    (folder / "0.ts").write_bytes(b"segment")
    (stage.folder / "front" / "secret.ts").write_bytes(b"not of a stream")
    token = (await stage.link())["token"]
    playlist = await stage.get(f"/v1/camera/front/hls/porch/index.m3u8?token={token}")
    assert (playlist.headers["Content-Type"], playlist.headers["Cache-Control"]) == (
        "application/vnd.apple.mpegurl",
        "no-store",
    )
    assert re.findall(r'^[^#].*$|URI="(.*?)"', playlist.body.decode(), re.MULTILINE)[0] == f"init.mp4?token={token}"
    assert f"\n0.ts?token={token}\n" in playlist.body.decode()
    signed = await stage.call("GET", "/v1/camera/front/hls/porch/index.m3u8")
    assert signed.body.decode() == PLAYLIST
    segment = await stage.get(f"/v1/camera/front/hls/porch/0.ts?token={token}")
    assert (segment.body, segment.headers["Content-Type"]) == (b"segment", "video/mp2t")
    refused(await stage.get(f"/v1/camera/front/hls/porch/1.ts?token={token}"), 404, "stream_unknown")
    refused(await stage.get(f"/v1/camera/back/hls/porch/0.ts?token={token}"), 401, "link_refused")
    refused(await stage.get("/v1/camera/front/hls/porch/0.ts"), 401, "signature_header_missing")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.ts",
        "%2e%2e/secret.ts",
        "..%2fsecret.ts",
        "porch/..%2f..%2fsecret.ts",
        "porch/%2e%2e/secret.ts",
        ".hidden/0.ts",
        "porch/0.ts.json",
        "porch/0.log",
    ],
)
async def test_nothing_outside_of_a_stream_is_served(stage: Stage, path: str) -> None:
    for name in ("porch", ".hidden"):
        (stage.folder / "front" / name).mkdir(parents=True)
    for name in ("secret.ts", "front/secret.ts", "front/.hidden/0.ts", "front/porch/0.ts.json", "front/porch/0.log"):
        (stage.folder / name).write_bytes(b"secret")
    token = (await stage.link())["token"]
    answer = await stage.client.send("GET", f"/v1/camera/front/hls/{path}?token={token}")
    assert answer.status in (401, 404)
    assert b"secret" not in answer.body.replace(b"secret.ts", b"")


def test_a_playlist_keeps_all_but_its_addresses() -> None:
    assert hls.linked(PLAYLIST, "") == PLAYLIST
    assert hls.linked(PLAYLIST, "7.a").replace("?token=7.a", "") == PLAYLIST
    assert hls.linked(PLAYLIST, "7.a").count("?token=7.a") == 3
