"""What counts in a media folder, and what a second look costs."""

import os
import time
from pathlib import Path

import pytest
from fakes.media_folder import BLOCK, CLIP, DAY, MediaFolder, at_rest
from fakes.privileges import permissions_count
from fakes.served_store import ServedStore

from agent.media.retention.inventory import Inventory


@pytest.fixture
def media(store: ServedStore, tmp_path: Path) -> MediaFolder:
    return MediaFolder(store, tmp_path)


def sizes(inventory: Inventory) -> dict[str, int]:
    return {Path(each.file).name: each.size for each in inventory.look({}).stored}


def test_a_file_counts_with_what_is_named_like_it(media: MediaFolder) -> None:
    clip = media.write("120000-e-1.2-0.mp4")
    for name in (f"{clip.name}.jpg", f"{clip.stem}.jpg"):
        clip.with_name(name).write_bytes(b"thumbnail")
    media.photo("120000-p-1-0.jpg")
    for name in ("120000-e-1.txt", ".hidden.mp4.json.new", "alone.mp4", "alone.jpg.json"):
        clip.with_name(name).write_bytes(b"another's")
    (media.folder / "chain").mkdir()
    (media.folder / "chain" / "000000001.jsonl").write_bytes(b"{}")
    assert sizes(Inventory(media.folder)) == {clip.name: CLIP + 2 * BLOCK, "120000-p-1-0.jpg": 2 * BLOCK}


def test_a_folder_is_listed_again_only_when_it_has_changed(media: MediaFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[Path] = []
    plain = os.scandir

    def noting(path: Path) -> object:
        listed.append(Path(path))
        return plain(path)

    monkeypatch.setattr(os, "scandir", noting)
    day = media.write("a-0.mp4").parent
    folders = [media.folder, day.parent, day]
    for folder in folders:
        at_rest(folder, 60)
    inventory = Inventory(media.folder)
    assert sizes(inventory) == sizes(inventory) == {"a-0.mp4": CLIP}
    assert listed == folders, "the second look has listed nothing"
    media.write("b-0.mp4")
    assert sizes(inventory) == {"a-0.mp4": CLIP, "b-0.mp4": CLIP}
    assert listed == [*folders, day]
    assert set(sizes(inventory)) == {"a-0.mp4", "b-0.mp4"}
    assert listed == [*folders, day, day], "it has only just changed, and may change within the same tick"


def test_a_folder_that_is_closed_to_us_hides_no_other(media: MediaFolder) -> None:
    """`lost+found`, where the media folder is a disk of its own."""
    media.write("a-0.mp4")
    (media.folder / "lost+found").mkdir(mode=0)
    with permissions_count():
        assert sizes(Inventory(media.folder)) == {"a-0.mp4": CLIP}


def test_what_comes_from_the_future_is_held_by_nobody(media: MediaFolder) -> None:
    """At a start the clock of a device without a battery is behind."""
    clip = media.write("a-0.mp4", age=-86_400)
    assert clip.stat().st_mtime > time.time()
    assert [each.held for each in Inventory(media.folder, handed_over=0.0).look({}).stored] == [False]


def test_an_open_segment_counts_as_far_as_it_has_grown(media: MediaFolder) -> None:
    clip = media.write("a-0.mp4", closed=False)
    for folder in (media.folder, clip.parent.parent, clip.parent):
        at_rest(folder, 60)
    inventory = Inventory(media.folder)
    (before,) = inventory.look({}).stored
    with clip.open("ab") as file:
        file.write(bytes(10 * BLOCK))
    (after,) = inventory.look({}).stored
    assert (before.held, after.held, after.size) == (True, True, 11 * BLOCK)


def test_folders_that_are_gone_or_empty(media: MediaFolder) -> None:
    day = media.folder / "main" / DAY
    day.mkdir(parents=True)
    inventory = Inventory(media.folder)
    assert inventory.look({}).deserted == [day]
    day.rmdir()
    assert inventory.look({}).deserted == [], "the folder of a camera stays"
