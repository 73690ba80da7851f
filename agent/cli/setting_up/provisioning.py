"""The provisioning file: a set-up that lies on the boot partition, which any computer can write.

It is applied once. Then its secrets are taken out, and it has another name, so that a boot without one costs nothing.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from agent.cli.errors import FileUnusable
from agent.cli.setting_up.applying import apply, plan, present
from agent.cli.setting_up.system_files import SystemFiles
from agent.cli.setting_up.wanted import Wanted, read_wanted
from agent.setup.document import as_toml
from agent.setup.layers import Layer, read_layer
from agent.setup.loading import state_folder_of
from agent.setup.owner import as_owner
from agent.setup.report import Provisioned, keep_report, now_told, read_report
from presets_store.durable import sync_folder, write_durably
from presets_store.errors import CuelightError
from presets_store.process.errors import PlaceUnusable, SettingsInvalid

BOOT: Final = "boot"
NAME: Final = "cuelight-setup.toml"
BOOT_FILES: Final = tuple(Path(folder) / NAME for folder in ("/boot/firmware", "/boot"))
"""On a Raspberry Pi the first; the systemd unit names the same."""
APPLIED: Final = ".applied.toml"

Say = Callable[[str], None]


def provisioning_file(named: str, boot_files: Sequence[Path] = BOOT_FILES) -> Path:
    """The file that is meant. Raises FileUnusable where the boot partition has none."""
    if named != BOOT:
        return Path(named)
    found = next((file for file in boot_files if file.exists()), None)
    if found is None:
        raise FileUnusable(path=boot_files[0], done="read", reason="there is none on the boot partition")
    return found


def provision(config: Path | None, file: Path, system: SystemFiles | None, say: Say) -> bool:
    """Applies the file; whether anything was done. A file that cannot be applied changes nothing, and that is kept.

    Raises FileUnusable and whatever keeps the set-up from being applied.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FileUnusable(path=file, done="read", reason=error.strerror or error) from error
    digest = hashlib.sha256(data).hexdigest()
    folder = state_folder_of(_upper(config))
    before = read_report(folder)
    if before is not None and before.left and before.digest == digest:
        say(f"{file} was applied at {before.date}")
        return False
    try:
        wanted = read_wanted(str(file), data.decode("utf-8", "replace"))
        for note in apply(plan(present(config), wanted, str(file)), system):
            say(note)
    except PlaceUnusable:  # nothing may be written there
        raise
    except CuelightError as error:
        with suppress(OSError):  # then this is all that is heard of it
            _keep(folder, Provisioned(file=str(file), digest=digest, date=now_told(), problem=error.message))
        raise
    problem = _put_away(file, wanted)
    _keep(folder, Provisioned(file=str(file), digest=digest, date=now_told(), left=bool(problem)))
    say(f"{file} is applied" + (f", but its secrets are still in it: {problem}" if problem else ""))
    return True


def _upper(config: Path | None) -> list[Layer]:
    try:
        return [] if config is None else [read_layer(config)]
    except SettingsInvalid:  # told when the set-up is planned
        return []


def _keep(folder: Path, report: Provisioned) -> None:
    with as_owner(folder):
        keep_report(folder, report)


def _put_away(file: Path, wanted: Wanted) -> str:
    """Leaves the set-up without its secrets, under a name that says that it was applied; "", or why that failed."""
    said = wanted.model_dump(exclude_none=True, exclude={"token": True, "wifi": {"password"}})
    text = f"# Applied at {now_told()} by this device's clock; secrets are taken out.\n" + as_toml(said)
    try:
        write_durably(file.with_name(file.name.removesuffix(".toml") + APPLIED), text.encode())
        file.unlink()
        sync_folder(file.parent)
    except OSError as error:
        return error.strerror or str(error)
    return ""
