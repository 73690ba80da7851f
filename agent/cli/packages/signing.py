"""The maker's key, and what an event says of a package that is signed with it."""

import asyncio
import hashlib
import sys
from base64 import b64encode
from pathlib import Path
from typing import Annotated

import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.cli.errors import FileExists, FileUnusable
from agent.cli.session import session_of
from agent.update.errors import WrongPackage
from agent.update.packages import PACKAGE, machine, told_by
from agent.update.signing import Signed, sign
from presets_store.durable import write_durably
from presets_store.protocol.parameters import UpdateSoftware

KeyArgument = Annotated[Path, typer.Argument(metavar="KEY", help="The file of the private key.")]


def make_key(context: typer.Context, file: KeyArgument) -> None:
    """Make the key that signs packages. Whoever has it can put software on every device that trusts it."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_durably(file, text, exclusive=True)
    except FileExistsError:
        raise FileExists(path=file) from None
    except OSError as error:
        raise FileUnusable(path=file, done="written", reason=error.strerror) from error
    output, told = session_of(context).output, public_key(key)
    if output.as_json:
        output.document({"publicKey": told})
    else:
        output.line("[update]")
        output.line(f'public_key = "{told}"')


def sign_package(
    context: typer.Context,
    file: KeyArgument,
    package: Annotated[Path, typer.Argument(metavar="FILE.deb", help="The package.")],
) -> None:
    """Sign a package: print the parameters of Device_Update_software, but for where it is fetched."""
    key, signed = _key(file), asyncio.run(_described(package))
    wanted = UpdateSoftware(version=signed.version, sha256_hash=signed.sha256, signature=sign(key, signed))
    session_of(context).output.document(wanted.model_dump(by_alias=True, exclude_unset=True))
    sys.stderr.write(f"devices need, in their settings: [update] public_key = {public_key(key)!r}\n")


def public_key(key: Ed25519PrivateKey) -> str:
    """As the settings have it: 32 bytes in Base64."""
    return b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _key(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise FileUnusable(path=file, done="read", reason=error.strerror) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FileUnusable(path=file, done="used", reason="it is no key that `cuelight package key` made") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FileUnusable(path=file, done="used", reason="it is no Ed25519 key")
    return key


async def _described(package: Path) -> Signed:
    """Raises FileUnusable, PackageUnreadable, WrongPackage."""

    def digest() -> str:
        with package.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    try:
        sha256 = await asyncio.to_thread(digest)
    except OSError as error:
        raise FileUnusable(path=package, done="read", reason=error.strerror) from error
    told = await told_by(package)
    if told.name != PACKAGE:
        raise WrongPackage(reason=f"is {told.name}, not {PACKAGE}")
    architecture = await machine() if told.architecture == "all" else told.architecture
    return Signed(told.version, architecture, sha256)
