"""The container images: unpacked, and started as a stranger to the host, on a root that nobody can write."""

import json
import os
import stat
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from fakes.agent_process import AgentProcess, wait_for
from fakes.clips import assert_clips_are_whole
from fakes.containers import Archive, Container, archive, started
from fakes.hub_process import free_port
from fakes.vm.timing import tell, told

pytestmark = [pytest.mark.vm, pytest.mark.timeout(900)]

WITHIN = 120.0
COMPLETE = 4


class Unpacked:
    def __init__(self, name: str, folder: Path) -> None:
        self.archive = Archive(archive(name))
        self.config = self.archive.config
        self.root = folder / name
        self.root.mkdir()
        with told(f"{name}: {self.archive.path.stat().st_size / 1e6:.0f} MB, unpacked"):
            self.archive.unpack(self.root)

    def state(self, folder: Path) -> dict[str, Path]:
        """A volume as a runtime makes it: empty, with the owner of the image's folder."""
        (inside,) = self.config["Volumes"]
        found = (self.root / inside.lstrip("/")).stat()
        folder.mkdir(mode=0o700)
        os.chown(folder, found.st_uid, found.st_gid)
        return {inside: folder}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    return Unpacked("hub", tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    return Unpacked("agent", tmp_path_factory.mktemp("images"))


def assert_harmless(container: Container, image: Unpacked) -> None:
    """It has no rights at the host, gains none, and its root stays as it is; only its state can be written."""
    user = image.config["User"].partition(":")[0]
    assert set(container.status("Uid").split()) == {user} != {"0"}
    assert int(container.status("CapEff"), 16) == 0
    writable = {
        line.split()[4].removeprefix(str(image.root)) or "/"
        for line in Path(f"/proc/{container.pid}/mountinfo").read_text().splitlines()
        if line.split()[4].startswith(str(image.root)) and "rw" in line.split()[5].split(",")
    }
    assert "/" not in writable
    setuid = [path for path in image.root.rglob("*") if not path.is_symlink() and path.stat().st_mode & stat.S_ISUID]
    assert setuid == []
    assert not (image.root / "bin/sh").exists()


def test_the_agent_films_from_its_image(agent: Unpacked, tmp_path: Path) -> None:
    mounts, log = agent.state(tmp_path / "state"), tmp_path / "log"
    client = AgentProcess(tmp_path)  # which speaks to the socket; the process is another one
    settings = {
        "CUELIGHT_CAMERAS": json.dumps([{"id": "main", "name": "Main", "backend": "file"}]),
        "CUELIGHT_DEVICE__SERIAL": client.environment["CUELIGHT_DEVICE__SERIAL"],
        "CUELIGHT_API__PORT": "0",
    }
    began = time.monotonic()
    with started(agent.config, agent.root, log, mounts, **settings) as container:
        wait_for(lambda: "is ready" in log.read_text() or container.exit_code is not None, WITHIN, "the agent")
        assert container.exit_code is None, log.read_text()
        tell("agent: start to ready", time.monotonic() - began)
        assert_harmless(container, agent)
        event = client.create_event("Video_Start_recording", durationSeconds=2)
        ended = client.wait_for_event(event, WITHIN)
        assert ended["eventStatus"] == COMPLETE, ended
        assert container.stop() == 0, log.read_text()
    assert_clips_are_whole(client.media)
    assert len(list(client.media.rglob("*.mp4"))) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_hub_serves_from_its_image(
    database: str, hub: Unpacked, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    mounts, log, port = hub.state(tmp_path / "state"), tmp_path / "log", free_port()
    settings = {"CUELIGHT_HUB_LISTEN__PORT": str(port)}
    if database == "postgresql":
        url, _, folder = request.getfixturevalue("postgres_url").partition("?host=")
        Path(folder).chmod(0o711)  # the socket in it is for everybody
        settings |= {"CUELIGHT_HUB_DATABASE": f"{url}?host=/run/postgresql", "CUELIGHT_HUB_MEDIA__SHARED": "true"}
        mounts["/run/postgresql"] = Path(folder)
    began = time.monotonic()
    with started(hub.config, hub.root, log, mounts, **settings) as container:
        wait_for(lambda: "is ready" in log.read_text() or container.exit_code is not None, WITHIN, "the hub")
        assert container.exit_code is None, log.read_text()
        tell(f"hub on {database}: start to ready", time.monotonic() - began)
        assert_harmless(container, hub)
        for path in ("healthz", "readyz"):
            assert answer_of(f"http://127.0.0.1:{port}/{path}") == 200
        key_file = tmp_path / "state" / "first-access-key.txt"
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        assert (tmp_path / "state" / "hub.db").exists() == (database == "sqlite")
        assert container.stop() == 0, log.read_text()


def test_an_image_says_how_it_is_to_be_run(agent: Unpacked, hub: Unpacked) -> None:
    for image, name in ((agent, "cuelight-agent"), (hub, "cuelight-hub")):
        labels: dict[str, Any] = image.config["Labels"]
        assert labels["org.opencontainers.image.title"] == name
        assert image.archive.name == f"{name}:{labels['org.opencontainers.image.version']}"
        assert (image.archive.image["os"], image.config["StopSignal"]) == ("linux", "SIGTERM")
        for settled in ("etc/passwd", "etc/nsswitch.conf", "etc/ssl/certs/ca-certificates.crt"):
            assert (image.root / settled).stat().st_size > 0
    assert agent.archive.manifest["layers"] == hub.archive.manifest["layers"], "a registry has them once"


def answer_of(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)
