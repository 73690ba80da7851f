"""`cuelight package`: the maker's key and signature, which the agent's settings and the helper's openssl take."""

import json
import subprocess
from pathlib import Path

from fakes.command_line import called

from agent.settings import Settings
from agent.update.signing import Signed, verify


def package(folder: Path, name: str = "cuelight") -> Path:
    control = folder / "tree/DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: 2.0-1~deb12\nArchitecture: arm64\nMaintainer: t <t@t.invalid>\nDescription: t\n"
    )
    file = folder / "x.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--build", folder / "tree", file], check=True, capture_output=True)
    return file


async def test_what_is_signed_fits_the_key_that_was_told(tmp_path: Path) -> None:
    key = tmp_path / "maker.key"
    made = await called(tmp_path, "package", "key", str(key))
    assert (made.code, key.stat().st_mode & 0o777) == (0, 0o600)
    public = made.out.split('"')[1]
    assert Settings.model_validate({"update": {"public_key": public}}).update.public_key == public
    signed = await called(tmp_path, "package", "sign", str(key), str(package(tmp_path)))
    assert signed.code == 0, signed.err
    told = signed.document
    assert set(told) == {"version", "sHA256Hash", "signature"}
    assert public in signed.err
    verify(public, told["signature"], Signed("2.0-1~deb12", "arm64", told["sHA256Hash"]))


async def test_a_key_is_never_made_over_another(tmp_path: Path) -> None:
    key = tmp_path / "maker.key"
    made = await called(tmp_path, "package", "key", str(key))
    assert made.code == 0
    before = key.read_bytes()
    again = await called(tmp_path, "--json", "package", "key", str(key))
    assert again.code != 0
    assert json.loads(again.err)["error"] == "file_exists"
    assert key.read_bytes() == before


async def test_what_is_no_key_and_no_package_is_told(tmp_path: Path) -> None:
    nothing, key = tmp_path / "nothing", tmp_path / "maker.key"
    nothing.write_text("hello")
    await called(tmp_path, "package", "key", str(key))
    cases = {
        "it is no key": (nothing, package(tmp_path)),
        "cannot be read as a package": (key, nothing),
        "No such file": (key, tmp_path / "missing"),
        "is sshd, not cuelight": (key, package(tmp_path / "other", "sshd")),
    }
    for message, arguments in cases.items():
        done = await called(tmp_path, "package", "sign", *map(str, arguments))
        assert done.code != 0
        assert message in done.err
