"""Keeps the media folder within its limits while the agent runs."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.media.library import MediaLibrary
from agent.media.retention.burial import is_clip, mark_kept, remove, remove_if_deserted
from agent.media.retention.inventory import Found, Inventory
from agent.media.retention.planning import Limit, Plan, Policy, Removal, Stored, Unmet, plan
from agent.media.retention.policy import policy_of
from agent.media.retention.reserve import Reserve
from agent.media.room import Disk, disk_of
from agent.settings import Settings
from agent.sizes import human_size
from agent.startup.incidents import note_incidents
from presets_store.clock import Clock, micros
from presets_store.errors import CuelightError
from presets_store.services import Services
from presets_store.services.restoring.restore import Incident
from presets_store.storage.errors import DatabaseDamaged
from presets_store.storage.records import IndexedFile

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between two looks at the free space; the folder is looked at when it is low, or a segment was closed."""

ROUND_EVERY = 60.0
"""Seconds after which the folder is looked at in any case: files grow old, and people change what is there."""

AT_ONCE = 50
"""Files that are removed between two looks at what is protected."""

TRIED_AGAIN_AFTER = 3600.0
"""Seconds until a file that could not be removed is tried again: what is in the way is seldom gone by itself."""

TOLD_EVERY = 600.0
"""Seconds in which a full disk becomes one incident, however often a recording stumbles on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the last look found, in bytes. `unmet`: limits that cannot be kept, and why, in words."""

    used: int = 0
    protected: int = 0
    policy: Policy = field(default_factory=Policy)
    unmet: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Removed:
    """The newest removal. `moment` in microseconds since the epoch; 0: there was none."""

    file: str = ""
    reason: str = ""
    moment: int = 0


class Retention:
    """A system task. The folder says what there is, the index what is protected and uploaded.

    While the index cannot be read or written it goes on by what it knew and by the marks in the folder: room comes
    first, and the index follows.
    """

    def __init__(self, settings: Settings, library: MediaLibrary, services: Services, clock: Clock) -> None:
        self._settings = settings
        self._library = library
        self._services = services
        self._clock = clock
        self._room = library.room
        self._inventory = Inventory(library.folder)
        self._reserve = Reserve(settings.state_folder)
        self._index: Mapping[str, IndexedFile] = {}
        self._uploaded: Collection[str] = frozenset()
        self._stuck: dict[str, float] = {}
        self._looked_at = float("-inf")
        self._told_at = float("-inf")
        self.kept = Kept()
        self.last_removed = Removed()
        self.removed = 0
        self._room.owed = self._owed

    @property
    def full_since(self) -> float:
        """Epoch s since when a recording waits for room; 0: none does."""
        return self._room.since

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseDamaged:
                raise
            except (CuelightError, OSError) as error:
                logger.error("the media folder could not be looked after: %s", error)
            await self._until_needed()

    async def look(self) -> None:
        """One look at the disk, and at the folder if that is due. Raises OSError, CuelightError."""
        disk = await asyncio.to_thread(self._disk)
        policy = policy_of(self._settings.media, self._settings.cameras, disk.total)
        self._room.margin = policy.floor
        if self._is_due(policy, disk.free):
            await self._keep_within(policy, disk.free)
        await self._tell_episodes()

    def _is_due(self, policy: Policy, free: int) -> bool:
        """Whether to look at the folder. Where the minimum is out of reach, only the floor is worth another look."""
        now = self._clock.monotonic()
        low = (free < policy.min_free) is not self._room.scarce or free < min(policy.floor, policy.min_free)
        grown = self._room.changed and bool(policy.max_size or policy.shares)
        if not (low or grown or self._room.since or now - self._looked_at >= ROUND_EVERY):
            return False
        self._looked_at = now
        self._room.changed = False
        return True

    async def _keep_within(self, policy: Policy, free: int) -> None:
        sound = await self._read_index()
        now = self._clock.now() if self._clock.quality().trusted else 0.0
        old_before = now - policy.max_age if policy.max_age else 0.0
        found = await asyncio.to_thread(self._inventory.look, self._index, old_before, self._uploaded)
        stuck = self._still_stuck()
        stored = [replace(each, held=True) if each.file in stuck else each for each in found.stored]
        wanted = plan(stored, policy, free, now)
        gone = await self._remove(wanted.removals)
        self._judge([each for each in stored if each.file not in gone], policy, wanted)
        for folder in set(found.deserted) - self._library.awaited:
            await asyncio.to_thread(remove_if_deserted, folder)
        if sound:
            await self._put_in_order(found)

    def _still_stuck(self) -> Collection[str]:
        """The files that could not be removed, and are not to be tried again yet."""
        now = self._clock.monotonic()
        self._stuck = {file: until for file, until in self._stuck.items() if now < until}
        return self._stuck

    async def _read_index(self) -> bool:
        """Whether the index can be read, and written as far as there is something to write."""
        try:
            self._index = await self._services.clips.indexed_files()
            self._uploaded = await self._library.uploaded()
            await self._library.catch_up()
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("the index cannot be used now, and follows later: %s", error, extra={"code": error.code})
            return False
        return True

    async def _remove(self, removals: Sequence[Removal]) -> set[str]:
        """Carries the plan out; the files that are gone."""
        gone: set[str] = set()
        for start in range(0, len(removals), AT_ONCE):
            batch = removals[start : start + AT_ONCE]
            refused = await self._note_removed([each.stored.file for each in batch])
            allowed = [each for each in batch if each.stored.file not in (refused or ())]
            clips = [each for each in allowed if is_clip(each.stored.file)]
            told = not clips or await self._library.announce(
                [(each.stored.camera, each.stored.file, each.reason) for each in clips]
            )
            for removal in allowed:
                if await self._take_away(removal, noted=told and refused is not None):
                    gone.add(removal.stored.file)
        return gone

    async def _note_removed(self, files: Sequence[str]) -> set[str] | None:
        """Which of the files are protected by now; None when the index cannot be written: that is done later."""
        try:
            return await self._library.mark_removed(files)
        except DatabaseDamaged:
            raise
        except CuelightError as error:
            logger.error("removals are noted in the index later: %s", error, extra={"code": error.code})
            return None

    async def _take_away(self, removal: Removal, *, noted: bool) -> bool:
        stored = removal.stored
        try:
            await asyncio.to_thread(remove, self._library.folder / stored.file, noted=noted)
        except OSError as error:
            self._stuck[stored.file] = self._clock.monotonic() + TRIED_AGAIN_AFTER
            logger.error("%s cannot be removed: %s", stored.file, error, extra={"file": stored.file})
            await self._library.take_back(stored.file)
            return False
        told = {"file": stored.file, "reason": removal.reason, "size": stored.size}
        logger.info("removed %s (%s): %s", stored.file, human_size(stored.size), removal.reason, extra=told)
        self.last_removed = Removed(stored.file, removal.reason, micros(self._clock.now()))
        self.removed += 1
        return True

    def _judge(self, left: Sequence[Stored], policy: Policy, wanted: Plan) -> None:
        """Notes how it stands, and tells a limit that cannot be kept: once, until it can."""
        protected = sum(stored.size for stored in left if stored.protected)
        unmet = {_name(limit): _told(limit, protected) for limit in wanted.unmet}
        for name in unmet.keys() - self.kept.unmet.keys():
            logger.warning("%s", unmet[name])
        for name in self.kept.unmet.keys() - unmet.keys():
            logger.info("%s is kept again", name)
        self._room.scarce = any(limit.limit is Limit.FREE for limit in wanted.unmet)
        used = sum(stored.size for stored in left)
        self.kept = Kept(used=used, protected=protected, policy=policy, unmet=unmet)

    async def _put_in_order(self, found: Found) -> None:
        """What is only for later: tombstones that the index does not know of, marks of protected clips."""
        for tombstone in found.tombstones:
            await self._library.note_removed(tombstone)
        for file, kept in found.kept.items():
            clip = self._index.get(file)
            if clip is not None and clip.protected is not kept:
                await asyncio.to_thread(mark_kept, self._library.folder / file, clip.protected)

    async def _tell_episodes(self) -> None:
        """Notes when recordings had to wait, as soon as that can be written."""
        while self._room.episodes:
            since, until = self._room.episodes[0]
            text = f"the disk of the media folder was full for {until - since:.0f} s; recordings waited, and go on"
            if self._clock.monotonic() - self._told_at < TOLD_EVERY:
                logger.error("%s", text)
            else:
                await note_incidents(self._services.database, [Incident("storage_full", text, micros(until))])
                self._told_at = self._clock.monotonic()
            del self._room.episodes[0]

    async def _until_needed(self) -> None:
        waiting = asyncio.ensure_future(self._room.wanted.wait())
        looking = asyncio.ensure_future(self._clock.sleep(LOOK_EVERY))
        await asyncio.wait({waiting, looking}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        looking.cancel()
        self._room.wanted.clear()

    def _disk(self) -> Disk:
        """The file system of the media folder, without what is owed. Blocks."""
        self._reserve.keep(waited_for=bool(self._room.since))
        disk = disk_of(self._library.folder)
        return Disk(disk.total, disk.free - self._owed())

    def _owed(self) -> int:
        """Bytes that the agent's reserve is to have back before media get any. Blocks."""
        state = self._settings.state_folder
        if state.stat().st_dev != self._library.folder.stat().st_dev:
            return 0
        return self._reserve.missing(disk_of(state))


def _name(unmet: Unmet) -> str:
    names = {Limit.SIZE: "the maximum size of the media folder", Limit.FREE: "the minimum of free space"}
    return names.get(unmet.limit, f"the share of camera {unmet.camera}")


def _told(unmet: Unmet, protected: int) -> str:
    what = "too little is free" if unmet.limit is Limit.FREE else "too much is there"
    kept = f"; {human_size(protected)} are protected" if protected else ""
    return f"{_name(unmet)} cannot be kept: {human_size(unmet.missing)} {what}, and not enough may be removed{kept}"
