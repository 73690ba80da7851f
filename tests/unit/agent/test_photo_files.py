"""Photos in the media folder: what a result tells of them, and what a kill leaves."""

from pathlib import Path

from fakes.photos import UUID, take_photo
from fakes.served_store import ServedStore

from agent.media.library import MediaLibrary
from agent.media.photo_files import TOLD_EACH, PhotoRoll, photos_in, remove_leftovers
from hardware.models import PhotoFile


def sidecar(folder: Path, photo: PhotoFile) -> Path:
    return folder / f"{photo.file}.json"


def test_few_photos_are_all_told_in_their_order(tmp_path: Path) -> None:
    for index in (10, 9, 0):
        take_photo(tmp_path / "main", index)
    take_photo(tmp_path / "main", 0, stem="115959-01900000-0000-7000-8000-000000000002-1")
    told = photos_in(tmp_path, UUID).told()
    assert told["count"] == 3
    assert [photo["file"].rpartition("-")[2] for photo in told["photos"]] == ["0.jpg", "9.jpg", "10.jpg"]
    assert told["photos"][0] == {
        "file": f"main/120000-{UUID}-1-0.jpg", "time": "2027-01-15T08:00:00.000000Z", "width": 64, "height": 48,
        "size": 4, "sha256": "00", "copied": False,
    }  # fmt: skip


def test_of_many_the_first_and_the_last_are_told(tmp_path: Path) -> None:
    roll = PhotoRoll()
    for index in range(100):
        take_photo(tmp_path / "main", index)
        roll.add({"number": index})
    told = roll.told()
    assert (told["count"], told["notTold"]) == (100, 100 - 2 * TOLD_EACH)
    assert [photo["number"] for photo in told["photos"]] == [*range(TOLD_EACH), *range(100 - TOLD_EACH, 100)]
    assert [photo["sha256"] for photo in photos_in(tmp_path, UUID).told()["photos"]] == [
        f"{number:02x}" for number in (*range(TOLD_EACH), *range(100 - TOLD_EACH, 100))
    ]


def test_a_photo_whose_sidecar_is_no_use_still_counts(tmp_path: Path) -> None:
    sidecar(tmp_path, take_photo(tmp_path, 0)).write_text("{")
    assert photos_in(tmp_path, UUID).told() == {"count": 1, "photos": [{"file": f"120000-{UUID}-1-0.jpg"}]}


async def test_what_a_kill_leaves_is_removed_and_nothing_else(store: ServedStore, tmp_path: Path) -> None:
    media = MediaLibrary(tmp_path / "media", store.services.clips, store.device, store.clock)
    folder = media.folder / "main"
    whole, without_photo = (
        sidecar(folder, take_photo(folder, index, data=data)) for index, data in enumerate((b"x", None))
    )
    left = [folder / f".{name}.new" for name in ("a-2.jpg", "a-2.jpg.json", "a-3.png", "b-0.mp4.json")]
    others = [folder / ".notes.new", folder / "a.jpg", folder / "list.json", folder / "x.new"]
    for path in (*left, *others):
        path.write_bytes(b"x")
    assert (await media.reconcile(occupied={"main"})).leftovers == 0
    assert (await media.reconcile()).leftovers == 5
    assert whole.exists()
    assert whole.with_suffix("").exists()
    assert not any(path.exists() for path in (*left, without_photo))
    assert all(path.exists() for path in others)
    assert not await media.reconcile()
    assert await store.services.clips.all_files() == []


def test_photos_of_a_camera_that_is_still_written_are_left(tmp_path: Path) -> None:
    kept, removed = (sidecar(tmp_path / name, take_photo(tmp_path / name, 0, data=None)) for name in ("main", "side"))
    assert remove_leftovers(tmp_path, {"main"}) == 1
    assert (kept.exists(), removed.exists()) == (True, False)
