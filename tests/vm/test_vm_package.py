"""The Debian package in a chroot of its release: what it brings, needs, keeps and takes away again."""

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.vm.chroots import Chroot, new_chroot, other_version
from fakes.vm.image import RELEASE, package
from fakes.vm.timing import told

pytestmark = [pytest.mark.vm, pytest.mark.timeout(1800)]

ENABLED = "/etc/systemd/system/multi-user.target.wants"

UNRESOLVED = r"""
find /opt/cuelight -name '*.so*' -type f -exec ldd {} + 2>&1 | grep -c 'not found' || true
"""

LOADS = """
import json, os, sys
before = {os.path.join(folder, name) for folder, _, names in os.walk("/opt/cuelight") for name in names}
import asyncpg, av, botocore.session, cv2, numpy
import agent.app, agent.cli.main, hardware.host, hardware.jobs, presets_store.hub.app
from presets_store.services.media.stores import bucket
numpy.linalg.svd(numpy.eye(3))
cv2.HOGDescriptor_getDefaultPeopleDetector()
av.codec.Codec("libx264", "w")
keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
client = botocore.session.Session().create_client("s3", **keys)
signed = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
after = {os.path.join(folder, name) for folder, _, names in os.walk("/opt/cuelight") for name in names}
print(json.dumps({"written": sorted(after - before), "signed": signed}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    """A new system of the release, on which a stranger typed `apt install ./cuelight_*.deb`."""
    with told(f"a chroot of {RELEASE}"):
        chroot = new_chroot(RELEASE, tmp_path_factory.mktemp("release") / "root")
    deb = package()
    with told(f"apt install, {deb.stat().st_size / 1e6:.0f} MB"):
        chroot.apt("install", chroot.put(deb))
    yield chroot
    shutil.rmtree(chroot.folder)


def test_a_stranger_installs_it_with_apt(installed: Chroot) -> None:
    status = installed.out("dpkg-query", "-W", "-f", "${db:Status-Abbrev}|${Version}", "cuelight")
    shown, _, version = status.partition("|")
    assert shown.strip() == "ii"
    assert installed.out("cuelight", "--version").strip() == f"cuelight {version.partition('-')[0]}"
    assert installed.out("dpkg", "--verify", "cuelight") == ""
    assert installed.out("dpkg", "--audit") == ""


def test_its_service_starts_with_the_device_and_the_hub_waits(installed: Chroot) -> None:
    enabled = {path.name for path in installed.at(ENABLED).iterdir()}
    assert "cuelight.service" in enabled
    assert "cuelight-hub.service" not in enabled


def test_users_folders_and_secrets(installed: Chroot) -> None:
    groups = set(installed.out("id", "-nG", "cuelight").split())
    assert {"cuelight", "video", "audio", "render"} <= groups
    owners = installed.out(
        "stat", "-c", "%U:%G %a", "/var/lib/cuelight", "/etc/cuelight/cuelight.toml", "/etc/cuelight/hub.toml"
    )
    assert owners.splitlines() == ["cuelight:cuelight 750", "root:cuelight 640", "root:cuelight-hub 640"]
    readable = installed.run(
        "setpriv", "--reuid=cuelight", "--regid=cuelight", "--init-groups", "cat", "/etc/cuelight/cuelight.toml"
    )
    assert readable.code == 0
    assert installed.run("setpriv", "--reuid=nobody", "--clear-groups", "cat", "/etc/cuelight/cuelight.toml").code != 0


def test_every_library_is_there_and_nothing_is_written_beside_it(installed: Chroot) -> None:
    """What `Depends` names is enough, what was left out is not missed, and what is compiled is taken as it is."""
    assert installed.out("sh", "-c", UNRESOLVED).strip() == "0"
    found = json.loads(installed.out("/opt/cuelight/bin/python3", "-P", "-c", LOADS).splitlines()[-1])
    assert found["written"] == []
    assert "X-Amz-Signature" in found["signed"] or "Signature=" in found["signed"]


def test_its_files_belong_to_root_and_name_no_other_place(installed: Chroot) -> None:
    listed = installed.out("dpkg", "--listfiles", "cuelight").split("\n")
    files = [installed.at(path) for path in listed if path]
    loose = [path for path in files if not path.is_symlink() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)]
    assert [path for path in loose if path.is_file()] == []
    assert {path.lstat().st_uid for path in files} == {0}
    foreign = installed.run(
        "grep", "-rlI", "/build/", "/opt/cuelight/bin", "/opt/cuelight/pyvenv.cfg", "/usr/lib/cuelight"
    )
    assert foreign.out == ""


def test_manual_and_completions(installed: Chroot) -> None:
    for page in ("man1/cuelight.1", "man1/cuelight-preset.1", "man5/cuelight.toml.5"):
        assert Path(page).stem.upper() in installed.out("zcat", f"/usr/share/man/{page}.gz").replace("\\-", "-")
    for shell in (
        "bash-completion/completions/cuelight",
        "zsh/vendor-completions/_cuelight",
        "fish/vendor_completions.d/cuelight.fish",
    ):
        assert "_CUELIGHT_COMPLETE" in installed.at(f"/usr/share/{shell}").read_text()


def test_upgrade_remove_and_purge(installed: Chroot, tmp_path: Path) -> None:
    settings, clip = installed.at("/etc/cuelight/cuelight.toml"), installed.at("/var/lib/cuelight/media/clip.mp4")
    settings.write_text(settings.read_text() + '\n[clock]\nzone = "UTC"\n')
    changed = settings.read_text()
    clip.parent.mkdir()
    clip.write_bytes(bytes(2_000_000))
    with told("the same under another version"):
        newer = other_version(package(), "99.0-1~deb99", tmp_path)
    with told("upgrade"):
        installed.apt("install", "-o", "Dpkg::Options::=--force-confold", installed.put(newer))
    assert installed.out("dpkg-query", "-W", "-f", "${Version}", "cuelight") == "99.0-1~deb99"
    assert (settings.read_text(), clip.exists()) == (changed, True)
    assert oct(settings.stat().st_mode & 0o777) == "0o640"

    with told("remove"):
        installed.apt("remove", "cuelight")
    assert (settings.read_text(), clip.exists()) == (changed, True)
    assert not installed.at("/opt/cuelight").exists()
    assert not installed.at("/usr/bin/cuelight").is_symlink()

    with told("purge"):
        said = installed.apt("purge", "cuelight")
    assert "cuelight: removing /var/lib/cuelight: 1 files, 2.0M" in said
    assert not installed.at("/var/lib/cuelight").exists()
    assert not installed.at("/etc/cuelight").exists()
    assert list(installed.at("/etc/systemd/system").rglob("*cuelight*")) == []
    assert list(installed.at("/var/lib/systemd").rglob("*cuelight*")) == []


def test_lintian_finds_nothing_that_no_decision_explains(installed: Chroot) -> None:
    installed.apt("install", "lintian")
    with told("lintian"):
        found = installed.run("lintian", "--allow-root", "--fail-on", "error,warning", installed.put(package()))
    assert (found.code, found.out) == (0, "")
