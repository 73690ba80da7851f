"""`clip export` as a process: a real file job on real clips, whose records a small server answers."""

import asyncio
import grp
import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.agent_socket import AgentSocket, clip, serving
from fakes.clips import decoded_frames
from fakes.command_line import cuelight, on_a_terminal
from fakes.footage import make_fragmented

from agent.cli.clips import export
from agent.cli.errors import FileUnusable

UUID = "0190b5c2-7a3b-7c4d-8e5f-0123456789ab"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[AgentSocket]:
    async with serving(tmp_path / "api.sock") as fake:
        fake.clips = [clip(1, file="main/a-0.mp4", clipUUID=UUID)]
        yield fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The clip's file, fragmented as the recorder writes it."""
    file = tmp_path / "media" / "main" / "a-0.mp4"
    file.parent.mkdir(parents=True)
    make_fragmented(file)
    return file


def files_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("named", ["1", UUID, UUID.upper()])
async def test_a_clip_becomes_a_plain_file(agent: AgentSocket, tmp_path: Path, source: Path, named: str) -> None:
    target = tmp_path / "out.mp4"
    ended = await cuelight(tmp_path, "clip", "export", named, str(target))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"clip 1 is in {target}: {decoded_frames(source)} frames, ")
    assert decoded_frames(target) == decoded_frames(source)
    assert b"moof" not in target.read_bytes()
    assert files_in(tmp_path) == ["api.sock", "media", "out.mp4"]


async def test_a_folder_as_target_and_a_bar(agent: AgentSocket, tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    code, text = await asyncio.to_thread(on_a_terminal, tmp_path, "clip", "export", "1", str(folder))
    assert (code, "━" in text, f"clip 1 is in {folder}/a-0.mp4" in text) == (0, True, True)
    assert files_in(folder) == ["a-0.mp4"]


async def test_what_is_there_is_replaced_only_by_force(agent: AgentSocket, tmp_path: Path, source: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    refused = await cuelight(tmp_path, "clip", "export", "1", str(target))
    assert (refused.code, refused.err) == (3, f"cuelight: {target} is there already; --force replaces it\n")
    assert target.read_bytes() == b"precious"
    forced = await cuelight(tmp_path, "clip", "export", "1", str(target), "--force", "--json")
    assert forced.document["path"] == str(target)
    assert forced.document["size"] == target.stat().st_size
    itself = await cuelight(tmp_path, "clip", "export", "1", str(source), "--force")
    assert (itself.code, itself.err) == (1, f"cuelight: {source} cannot be written: it is the clip itself\n")


async def test_what_cannot_be_exported(agent: AgentSocket, tmp_path: Path, source: Path) -> None:
    nowhere = await cuelight(tmp_path, "clip", "export", "1", str(tmp_path / "no" / "out.mp4"))
    assert (nowhere.code, "there is no such folder" in nowhere.err) == (1, True)
    await asyncio.to_thread(source.write_bytes, b"no media at all")
    broken = await cuelight(tmp_path, "clip", "export", "1", str(tmp_path / "out.mp4"))
    assert (broken.code, f"{source} cannot be exported: " in broken.err) == (1, True)
    await asyncio.to_thread(source.unlink)
    gone = await cuelight(tmp_path, "clip", "export", "1", str(tmp_path / "out.mp4"))
    assert (gone.code, "it is gone" in gone.err) == (1, True)
    unknown = await cuelight(tmp_path, "clip", "export", "none", str(tmp_path / "out.mp4"))
    assert (unknown.code, "no clip is named 'none'" in unknown.err) == (3, True)
    assert files_in(tmp_path) == ["api.sock", "media"]


@pytest.mark.parametrize(("mode", "for_group"), [(0o750, True), (0o700, False)])
def test_who_may_not_read_is_told_who_may(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, mode: int, for_group: bool
) -> None:
    def closed(*_: object) -> None:
        raise PermissionError

    # root, as whom tests often run, may read anything
    monkeypatch.setattr(Path, "open", closed)
    monkeypatch.setattr(os, "access", lambda path, _: path != source.parent)
    source.parent.chmod(mode)
    entry = source.parent.stat()
    with pytest.raises(FileUnusable) as caught:
        export._check_readable(source)
    assert f"{source.parent} is closed to this user; run the command as the user" in caught.value.message
    assert pwd.getpwuid(entry.st_uid).pw_name in caught.value.message
    assert (f"member of the group {grp.getgrgid(entry.st_gid).gr_name}" in caught.value.message) == for_group
