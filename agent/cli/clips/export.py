"""`cuelight clip export`: a plain MP4 of a clip, which every player understands."""

import asyncio
import grp
import importlib
import os
import pwd
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.errors import ExportFailed, FileExists, FileUnusable, NothingNamed
from agent.cli.options import ForceOption
from agent.cli.output import Output
from agent.cli.session import Session, session_of
from agent.cli.text import human_seconds
from agent.sizes import human_size
from hardware.errors import HardwareError

LOOK_EVERY = 0.1
"""Seconds between two looks at the file that grows."""

Record = dict[str, Any]


def export(
    context: typer.Context,
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="ID or UUID.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The new file, or a folder for it.")],
    force: ForceOption = False,
) -> None:
    """Make a plain MP4 of a clip, for every player. No picture is encoded anew."""
    session = session_of(context)
    record = _clip(session, clip)
    source = session.settings.media_folder / record["file"]
    if record["state"] == "removed":
        raise FileUnusable(path=source, done="read", reason="it was removed to make room")
    _check_readable(source)
    file = _new_file(source, target, force=force)
    answer = _made(session.output, source, file, force=force)
    size, length = human_size(answer["size"]), human_seconds(answer["seconds"])
    text = f"clip {record['key']} is in {file}: {answer['frames']} frames, {length}, {size}"
    session.output.answer({"clip": record["key"], "clipUUID": record["clipUUID"], **answer, "path": str(file)}, text)


def _clip(session: Session, named: str) -> Record:
    if named.isdecimal():
        found: Record = session.client.get(f"/v1/clip/{named}")
        return found
    wanted = named.casefold()
    clips: list[Record] = session.client.get("/v1/clip/list")
    for clip in clips:
        if clip["clipUUID"].casefold() == wanted:
            return clip
    raise NothingNamed(what="clip", name=named, hint="the numbers are in: cuelight clip list")


def _check_readable(source: Path) -> None:
    """Raises FileUnusable: the job could not say who may read it."""
    try:
        with source.open("rb"):
            pass
    except FileNotFoundError:
        reason = "it is gone; cuelight marks the clip as missing at the agent's next start"
        raise FileUnusable(path=source, done="read", reason=reason) from None
    except PermissionError:
        raise FileUnusable(path=source, done="read", reason=_who_may(source)) from None
    except OSError as error:
        raise FileUnusable(path=source, done="read", reason=error.strerror) from error


def _new_file(source: Path, target: Path, *, force: bool) -> Path:
    """The whole path of the file to be made. Raises FileUnusable, FileExists."""
    try:
        file = (target / source.name if target.is_dir() else target).absolute()
        if not file.parent.is_dir():
            raise FileUnusable(path=file, done="written", reason="there is no such folder")
        if file.exists() and file.samefile(source):
            raise FileUnusable(path=file, done="written", reason="it is the clip itself")
        if file.exists() and not force:
            raise FileExists(path=file)
    except OSError as error:
        raise FileUnusable(path=target, done="written", reason=error.strerror) from error
    return file


def _who_may(source: Path) -> str:
    """Who may read the file: by the first thing on the way to it that is closed to this user."""
    for place in (*reversed(source.parents), source):
        if not os.access(place, os.R_OK if place == source else os.X_OK):
            break
    try:
        entry = place.stat()
        user, group = pwd.getpwuid(entry.st_uid).pw_name, grp.getgrgid(entry.st_gid).gr_name
    except (OSError, KeyError):
        return "it is closed to this user; run the command as the agent's user"
    for_group = entry.st_mode & (stat.S_IRGRP if place == source else stat.S_IXGRP)
    members = f", or as a member of the group {group}" if for_group else ""
    return f"{place} is closed to this user; run the command as the user {user}{members}"


def _made(output: Output, source: Path, target: Path, *, force: bool) -> Record:
    """What the job answers. It writes beside the target, which it makes or replaces when all is well."""
    part = target.with_name(f".{target.name}.new")
    try:
        with _display(output, source) as show:
            return asyncio.run(_remuxed(lambda: show(part), source, target, force=force))
    except HardwareError as error:
        raise ExportFailed(source=source, reason=error) from error
    finally:
        with suppress(OSError):  # Ctrl-C kills the job, which then leaves it
            part.unlink(missing_ok=True)


async def _remuxed(show: Callable[[], None], source: Path, target: Path, *, force: bool) -> Record:
    run_job = importlib.import_module("hardware.client").run_job  # no other command shall wait for it
    job = asyncio.create_task(run_job("remux", path=str(source), target=str(target), overwrite=force))
    while not job.done():
        show()
        await asyncio.wait([job], timeout=LOOK_EVERY)
    answer: Record = await job
    return answer


@contextmanager
def _display(output: Output, source: Path) -> Iterator[Callable[[Path], None]]:
    """What is shown the file that grows: a bar on a terminal."""
    if not output.for_people:
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("export"), BarColumn(bar_width=40), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.console, transient=True) as progress:
        task = progress.add_task("", total=source.stat().st_size)

        def show(part: Path) -> None:
            with suppress(FileNotFoundError):  # not there yet, or already in its place
                progress.update(task, completed=part.stat().st_size)

        yield show
