"""`cuelight clip verify`: proves that clips are what this device recorded. Needs no agent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.errors import FileUnusable, NothingNamed
from agent.cli.exit_codes import ExitCode
from agent.cli.output import Output
from agent.cli.session import Session, session_of
from agent.media.chain.verifying import Progress, Proof, verify
from agent.sizes import human_size

SHOWN = 20
"""Faults that are listed; a folder whose disk died has thousands."""


def verify_clips(
    context: typer.Context,
    clip: Annotated[str, typer.Argument(metavar="[CLIP]", help="ID, or its file. Without: all of them.")] = "",
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The media folder, or a copy of one. Without: this device's.")
    ] = None,
    key: Annotated[
        str, typer.Option(metavar="HEX", help="The device's public key, from: cuelight status. Whose clips they are.")
    ] = "",
    links: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Links that a status or an earlier proof told: fewer is a fault."),
    ] = 0,
) -> None:
    """Prove that clips are what the device recorded, or name the link of the chain that is broken."""
    session = session_of(context)
    place = (folder or session.settings.media_folder).absolute()
    if not place.is_dir():
        raise FileUnusable(path=place, done="read", reason="there is no such folder")
    only = _file_of(session, clip, place)
    try:
        with _display(session.output) as progress:
            proof = verify(place, trusted=key.lower(), least=links, only=only, progress=progress)
    except OSError as error:
        raise FileUnusable(path=error.filename or place, done="read", reason=error.strerror) from error
    if session.output.as_json:
        session.output.document(_document(place, proof))
    else:
        for line in _lines(proof, only, trusted=bool(key)):
            session.output.line(line)
    if not proof.holds:
        raise typer.Exit(ExitCode.FAILED)


def _file_of(session: Session, clip: str, folder: Path) -> str:
    """The clip's file as the chain names it: relative to the media folder."""
    if not clip:
        return ""
    if clip.isdecimal():
        return str(session.client.get(f"/v1/clip/{clip}")["file"])
    path = Path(clip)
    if not path.is_absolute() and (folder / path).exists():
        return str(path)
    if not path.absolute().is_relative_to(folder):
        raise NothingNamed(what="clip", name=clip, hint=f"give its ID, or its file in {folder}")
    return str(path.absolute().relative_to(folder))


def _lines(proof: Proof, only: str, *, trusted: bool) -> list[str]:
    if proof.faults:
        named = [
            f"  link {fault.number}{f', {fault.file}' if fault.file else ''}: {fault.reason}" for fault in proof.faults
        ]
        more = [f"  and {len(named) - SHOWN} more"] if len(named) > SHOWN else []
        return [f"not proven: {len(named)} faults", *named[:SHOWN], *more]
    if only and not proof.clips:
        return [f"removed by the device itself: {only}"]
    clips = "1 clip" if proof.clips == 1 else f"{proof.clips} clips"
    lines = [f"proven: {only or clips}, {human_size(proof.size)}, by {proof.links} links"]
    if proof.removed:
        lines.append(f"removed by the device itself: {proof.removed}")
    if proof.unchained:
        lines.append(f"without a link (the newest may still get theirs): {len(proof.unchained)}")
    whose = "as was asked" if trusted else "compare it with: cuelight status"
    lines += [f"signed with the key {key} ({whose})" for key in proof.keys]
    return lines


def _document(folder: Path, proof: Proof) -> dict[str, object]:
    return {
        "folder": str(folder),
        "holds": proof.holds,
        "links": proof.links,
        "clips": proof.clips,
        "size": proof.size,
        "removed": proof.removed,
        "keys": proof.keys,
        "faults": [{"link": fault.number, "file": fault.file, "reason": fault.reason} for fault in proof.faults],
        "unchained": proof.unchained,
    }


@contextmanager
def _display(output: Output) -> Iterator[Progress]:
    """A bar on a terminal."""
    if not output.for_people:
        yield lambda _done, _all: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("verify"), BarColumn(bar_width=40), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.console, transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total: bar.update(task, completed=done, total=total)
