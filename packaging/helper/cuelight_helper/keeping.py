"""Keeps the version before: its files as hard links, so that it takes no room, and what dpkg needs to have it back.

dpkg replaces files by new ones under the same names; the old ones stay as they are in the copy.
"""

import hashlib
import os
import shutil
from pathlib import Path

from cuelight_helper.dpkg import Dpkg
from cuelight_helper.durable import remove, rename_durably, sync_file, sync_folder
from cuelight_helper.errors import HelperError
from cuelight_helper.places import PACKAGE, Places

_OF_DPKG = ("Status:", "Conffiles:", "Config-Version:", "Triggers-Pending:", "Triggers-Awaited:")
"""Fields of dpkg's database that a package's own control file does not have."""
_LISTS = ("list", "conffiles")

TREE = "tree"
SETTINGS = "settings"
COMPLETE = "complete"


def keep(places: Places, dpkg: Dpkg) -> None:
    """Keeps what is installed now, durably. Raises HelperError, OSError; what was kept before is gone then."""
    forget(places)
    tree, settings = places.kept / TREE, places.kept / SETTINGS
    tree.mkdir(parents=True)
    settings.mkdir()
    places.kept.chmod(0o700)
    conffiles = _conffiles(dpkg)
    left_out = _keep_settings(places, settings, conffiles)
    paths = [line for line in _asked(dpkg, "--listfiles", PACKAGE).splitlines() if line.startswith("/")]
    folders = {str(parent) for path in paths for parent in Path(path).parents}
    for path in paths:
        if path not in ("/.", *left_out):
            _keep(places.at(path), tree / path.lstrip("/"), is_folder=path in folders, link=path not in conffiles)
    _keep_control(dpkg, tree / "DEBIAN", [path for path in conffiles if path not in left_out])
    os.sync()  # the links, and all that they stand in
    (places.kept / COMPLETE).touch()
    sync_file(places.kept / COMPLETE)
    sync_folder(places.kept)


def forget(places: Places) -> None:
    """Removes what is kept; what is half removed counts as nothing."""
    if is_kept(places):
        (places.kept / COMPLETE).unlink()
        sync_folder(places.kept)
    remove(places.kept)


def is_kept(places: Places) -> bool:
    return (places.kept / COMPLETE).exists()


def rebuild(places: Places, dpkg: Dpkg) -> Path:
    """The package of the version before. Raises HelperError."""
    if not is_kept(places):
        raise HelperError("nothing is kept of the version before")
    if not places.previous_package.exists():
        part = places.previous_package.with_name("previous.part.deb")
        done = dpkg.build(places.kept / TREE, part)
        if not done.fine:
            raise HelperError(f"the package of the version before cannot be built: {done.told}")
        sync_file(part)
        rename_durably(part, places.previous_package)
    return places.previous_package


def put_settings_back(places: Places) -> None:
    """Configuration files as they were; one that is another by now is kept beside as `<name>.after-update`."""
    folder = places.kept / SETTINGS
    for kept in sorted(path for path in folder.rglob("*") if path.is_file()):
        there = places.root / kept.relative_to(folder)
        if there.exists():
            if there.read_bytes() == kept.read_bytes():
                continue
            there.replace(there.with_name(f"{there.name}.after-update"))
        part = there.with_name(f".{there.name}.part")
        remove(part)
        _copy(kept, part)
        sync_file(part)
        rename_durably(part, there)


def _asked(dpkg: Dpkg, *arguments: str) -> str:
    done = dpkg.query(*arguments)
    if not done.fine:
        raise HelperError(f"dpkg-query: {done.told}")
    return done.out


def _conffiles(dpkg: Dpkg) -> dict[str, str]:
    """MD5 by path, as the package brought them."""
    lines = [line.split() for line in _asked(dpkg, "-W", "-f", "${Conffiles}\n", PACKAGE).splitlines()]
    return {parts[0]: parts[1] for parts in lines if len(parts) == 2}


def _keep_settings(places: Places, folder: Path, conffiles: dict[str, str]) -> list[str]:
    """Copies the configuration files; those that were changed or removed, which are no part of the package.

    Were they, dpkg would take them for what the package brings, and the next upgrade would replace them unasked.
    """
    changed = []
    for path, md5 in conffiles.items():
        there = places.at(path)
        if there.is_file() and not there.is_symlink():
            (folder / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            _copy(there, folder / path.lstrip("/"))
            if hashlib.md5(there.read_bytes(), usedforsecurity=False).hexdigest() == md5:
                continue
        changed.append(path)
    return changed


def _keep(there: Path, target: Path, *, is_folder: bool, link: bool) -> None:
    if not os.path.lexists(there):
        return  # dpkg was told to leave it out (path-exclude), or somebody removed it
    if is_folder or (there.is_dir() and not there.is_symlink()):  # the system's /lib may be a link
        target.mkdir(exist_ok=True)
        found = there.stat()
        os.chown(target, found.st_uid, found.st_gid)
        target.chmod(found.st_mode & 0o7777)
    elif there.is_symlink():
        target.symlink_to(there.readlink())
    elif there.is_file() and not (link and _linked(there, target)):
        _copy(there, target)


def _linked(there: Path, target: Path) -> bool:
    try:
        os.link(there, target, follow_symlinks=False)
    except OSError:  # another file system, or one without links
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    shutil.copy2(source, target)
    found = source.stat()
    os.chown(target, found.st_uid, found.st_gid)


def _keep_control(dpkg: Dpkg, folder: Path, conffiles: list[str]) -> None:
    folder.mkdir()
    for name in _asked(dpkg, "--control-list", PACKAGE).split():
        if name not in _LISTS:
            shutil.copy2(_asked(dpkg, "--control-path", PACKAGE, name).strip(), folder / name)
    (folder / "control").write_text(_control(_asked(dpkg, "--status", PACKAGE)))
    if conffiles:
        (folder / "conffiles").write_text("".join(f"{path}\n" for path in conffiles))
    folder.chmod(0o755)


def _control(status: str) -> str:
    """The fields of a package's control file, out of dpkg's own."""
    lines: list[str] = []
    keeping = True
    for line in status.rstrip("\n").splitlines():
        if not line.startswith((" ", "\t")):
            keeping = not line.startswith(_OF_DPKG)
        if keeping:
            lines.append(line)
    return "\n".join(lines) + "\n"
