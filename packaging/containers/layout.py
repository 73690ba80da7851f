"""Writes the images as OCI archives: `layout.py LAYERS VERSION ARCH RESULT`.

LAYERS is the folder with the layers' tars, RESULT the one where `cuelight-<image>-<version>-<arch>.tar` are put. Such
an archive is a tar of an image layout: blobs under their SHA-256, and an index that names the manifest, which names the
configuration and the layers. The same layers make the same bytes. Standard library only.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

IMAGES = ("agent", "hub")
"""`<image>.json` says how it is to be run; the layers are the same."""

LAYERS = ("debian", "cuelight")
"""The lowest first."""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

_READ = 1 << 20
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of the archive's blobs. `digest` is the SHA-256 of its bytes, in hexadecimal."""

    kind: str
    digest: str
    size: int
    source: Path | bytes

    def described(self, **more: Any) -> dict[str, Any]:
        """As manifests and indexes name it."""
        return {"mediaType": self.kind, "digest": f"sha256:{self.digest}", "size": self.size, **more}


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, compressed. `diff_id` is the SHA-256 of its tar."""

    name: str
    diff_id: str
    blob: Blob


def compressed(tar: Path) -> Layer:
    """The layer of a tar, written beside it with `.gz`."""
    plain, target = hashlib.sha256(), tar.with_name(tar.name + ".gz")
    with (
        tar.open("rb") as source,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
    ):
        while data := source.read(_READ):
            plain.update(data)
            packed.write(data)
    with target.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return Layer(tar.stem, plain.hexdigest(), Blob(LAYER, digest, target.stat().st_size, target))


def document(kind: str, content: Mapping[str, Any]) -> Blob:
    """A JSON document as a blob; equal ones have equal bytes."""
    data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return Blob(kind, hashlib.sha256(data).hexdigest(), len(data), data)


def image_config(config: Mapping[str, Any], layers: Sequence[Layer], version: str, arch: str, epoch: int) -> Blob:
    """The image's configuration: `config` with the version among its labels."""
    created = datetime.fromtimestamp(epoch, UTC).isoformat()
    labels = {**config["Labels"], "org.opencontainers.image.version": version}
    return document(
        CONFIG,
        {
            "created": created,
            "architecture": arch,
            "os": "linux",
            "config": {**config, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.diff_id}" for layer in layers]},
            "history": [{"created": created, "comment": layer.name} for layer in layers],
        },
    )


def write_image(target: Path, name: str, config: Blob, layers: Sequence[Layer], epoch: int) -> None:
    """Writes the archive; all times in it are `epoch`. `name`: what the image is called where it is loaded."""
    content = {"config": config.described(), "layers": [layer.blob.described() for layer in layers]}
    manifest = document(MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, **content})
    named = manifest.described(annotations={"org.opencontainers.image.ref.name": name})
    index = document(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]})
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode(), epoch)
        _add(archive, "index.json", index.source, epoch)
        for blob in (manifest, config, *(layer.blob for layer in layers)):
            _add(archive, f"blobs/sha256/{blob.digest}", blob.source, epoch)


def _add(archive: tarfile.TarFile, name: str, content: Path | bytes, epoch: int) -> None:
    member = tarfile.TarInfo(name)
    member.mtime, member.mode = epoch, 0o644
    if isinstance(content, bytes):
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    else:
        member.size = content.stat().st_size
        with content.open("rb") as file:
            archive.addfile(member, file)


def main(arguments: Sequence[str]) -> None:
    """Writes every image of IMAGES. Environment: SOURCE_DATE_EPOCH."""
    folder, version, arch, result = Path(arguments[0]), arguments[1], arguments[2], Path(arguments[3])
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    layers = [compressed(folder / f"{name}.tar") for name in LAYERS]
    for image in IMAGES:
        config = json.loads((HERE / f"{image}.json").read_text())
        target = result / f"cuelight-{image}-{version}-{arch}.tar"
        blob = image_config(config, layers, version, arch, epoch)
        write_image(target, f"cuelight-{image}:{version}", blob, layers, epoch)


if __name__ == "__main__":
    main(sys.argv[1:])
