"""The writer of container images: what a runtime or a registry would read in its archives."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from fakes.agent_process import ROOT
from fakes.containers import Archive

PROGRAM = ROOT / "packaging" / "containers" / "layout.py"
EPOCH = 1_795_392_000


def written(folder: Path, mode: int = 0o644) -> Path:
    """Images of two small layers; the second has a file over the first one's."""
    (folder / "layers").mkdir(parents=True)
    result = folder / "result"
    result.mkdir()
    for name, text in (("debian", "first"), ("cuelight", "second")):
        with tarfile.open(folder / "layers" / f"{name}.tar", "w") as tar:
            for member in (f"etc-{name}", "both"):
                info = tarfile.TarInfo(member)
                info.size, info.mode, info.mtime = len(text), mode, EPOCH
                tar.addfile(info, io.BytesIO(text.encode()))
    command = [sys.executable, "-P", str(PROGRAM), str(folder / "layers"), "1.2.3", "arm64", str(result)]
    subprocess.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}, check=True)
    return result


def test_each_image_has_its_layers_and_says_how_it_is_run(tmp_path: Path) -> None:
    result = written(tmp_path)
    assert sorted(path.name for path in result.iterdir()) == [
        "cuelight-agent-1.2.3-arm64.tar",
        "cuelight-hub-1.2.3-arm64.tar",
    ]
    for name, command in (("agent", ["run"]), ("hub", ["hub"])):
        archive = Archive(result / f"cuelight-{name}-1.2.3-arm64.tar")
        root = tmp_path / name
        root.mkdir()
        archive.unpack(root)
        assert sorted(path.name for path in root.iterdir()) == ["both", "etc-cuelight", "etc-debian"]
        assert (root / "both").read_text() == "second"
        assert (archive.name, archive.config["Cmd"]) == (f"cuelight-{name}:1.2.3", command)
        assert (archive.image["architecture"], archive.image["created"]) == ("arm64", "2026-11-23T00:00:00+00:00")
        assert archive.config["Labels"]["org.opencontainers.image.version"] == "1.2.3"
        assert not archive.config["User"].startswith(("0", "root"))


def test_the_same_layers_make_the_same_bytes_and_others_do_not(tmp_path: Path) -> None:
    one, same, other = (written(tmp_path / name, mode) for name, mode in (("a", 0o644), ("b", 0o644), ("c", 0o600)))
    for path in one.iterdir():
        assert path.read_bytes() == (same / path.name).read_bytes()
        assert path.read_bytes() != (other / path.name).read_bytes()


def test_the_archive_is_a_layout_with_one_manifest(tmp_path: Path) -> None:
    with tarfile.open(written(tmp_path) / "cuelight-hub-1.2.3-arm64.tar") as tar:
        names = tar.getnames()
        assert names[:2] == ["oci-layout", "index.json"]
        assert all(name.startswith("blobs/sha256/") for name in names[2:])
        assert len(names) == len(set(names)) == 2 + 1 + 1 + 2
        index = tar.extractfile("index.json")
        assert index is not None
        (manifest,) = json.loads(index.read())["manifests"]
        assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
