"""What is done in each phase, and which comes next. Each begins anew after a power cut, and does nothing twice."""

import json
import logging
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cuelight_helper import health, keeping, request
from cuelight_helper.commands import Done, run
from cuelight_helper.dpkg import Dpkg
from cuelight_helper.durable import remove, write_durably
from cuelight_helper.errors import HelperError, Refused
from cuelight_helper.health import Agent
from cuelight_helper.journal import Journal, Phase, Record
from cuelight_helper.places import HUB_SERVICE, PACKAGE, Places
from cuelight_helper.settings import read_settings
from cuelight_helper.signing import digest_of, verify

logger = logging.getLogger(__name__)

MOST_WATCHES = 3
"""Boots within which the new version must have shown that it works."""
REBUILT = 0.6
"""The most that the package of the version before takes, of its files."""

_NOTHING_CHANGED = (Phase.REQUESTED, Phase.VERIFIED)
"""What goes wrong there ends the update; later it is gone on with."""

_DATABASE = Path(__file__).with_name("database.py")
_DATABASE_WITHIN = 900.0


class Steps:
    """One run of the helper; it holds the lock."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._dpkg = Dpkg(places)
        self._settings = read_settings(places)
        self._agent = Agent(self._settings.socket)
        self.journal = Journal(places.journal)

    def begin(self) -> Record | None:
        """Takes the agent's request; None when there is none."""
        try:
            wanted = request.take(self._settings.state_folder)
        except Refused as refusal:
            logger.error("%s", refusal)
            return None
        if wanted is None:
            return None
        self._clear()
        logger.info("version %s is asked for", wanted.version)
        return self.journal.write(
            Record(
                Phase.REQUESTED,
                event=wanted.event,
                version=wanted.version,
                sha256=wanted.sha256,
                signature=wanted.signature,
                begun=int(time.time()),
            )
        )

    def keep(self) -> None:
        """Before the package manager upgrades by itself. What an earlier upgrade that was never seen to work had
        replaced stays what is gone back to.
        """
        boot, before = self._places.boot_id(), self.journal.read()
        if before is not None and before.previous and keeping.is_kept(self._places):
            self.journal.write(before, phase=Phase.KEPT, boot_id=boot, watches=0, ready=False)
            return
        self._clear()
        keeping.keep(self._places, self._dpkg)
        self.journal.write(self._noted(Record(Phase.KEPT, boot_id=boot, begun=int(time.time()))))

    def go_on(self, record: Record | None) -> None:
        """Does what is to be done until nothing is. Raises HelperError when it must be gone on with later."""
        doing: dict[Phase, Callable[[Record], Record | None]] = {
            Phase.REQUESTED: self._verify,
            Phase.VERIFIED: self._prepare,
            Phase.INSTALLING: self._install,
            Phase.KEPT: self._await_package_manager,
            Phase.WATCHING: self._watch,
            Phase.RESTORING: self._restore,
            Phase.FINISHED: self._finish,
        }
        while record is not None:
            current = record
            try:
                record = doing[current.phase](current)
            except Refused as refusal:
                record = self.journal.write(current, phase=Phase.FINISHED, code=refusal.code, message=str(refusal))
            except (HelperError, OSError) as error:
                if current.phase not in _NOTHING_CHANGED:
                    raise
                message = f"nothing was changed: {error}"
                record = self.journal.write(current, phase=Phase.FINISHED, code="update_failed", message=message)

    def _verify(self, record: Record) -> Record:
        """Our own copy first, then the signature of that copy, and only then is it looked into."""
        try:
            if not self._places.package.exists():
                request.copy_package(self._settings.state_folder, self._places.package)
        finally:
            request.drop_package(self._settings.state_folder)
        sha256 = digest_of(self._places.package)
        architecture, work = self._dpkg.architecture(), self._places.folder
        if sha256 != record.sha256:
            raise Refused("update_tampered", f"the staged package is not the one asked for: its SHA-256 is {sha256}")
        verify(self._settings.public_key, record.signature, record.version, architecture, sha256, work)
        told, installed = self._dpkg.told(self._places.package), self._dpkg.installed()
        if told is None or (told.package, told.version) != (PACKAGE, record.version):
            raise Refused("update_wrong_package", f"the file is not the package {PACKAGE} {record.version}")
        if told.architecture not in (architecture, "all"):
            raise Refused("update_wrong_package", f"the package is for {told.architecture}, not for {architecture}")
        if self._dpkg.is_older(record.version, installed.version) and not self._settings.allow_downgrade:
            raise Refused("update_downgrade", f"{record.version} is older than {installed.version}, which is installed")
        self._check_room(told.size + int(REBUILT * installed.size))
        return self.journal.write(record, phase=Phase.VERIFIED)

    def _check_room(self, needed: int) -> None:
        """For the new files beside the old ones, and for the way back."""
        for folder in (self._places.at("/opt"), self._places.folder):
            free = shutil.disk_usage(folder).free
            if needed + request.MARGIN > free:
                reason = f"{needed} bytes are needed on the disk of {folder}, {free} are free"
                raise Refused("update_no_room", reason)

    def _prepare(self, record: Record) -> Record:
        """Before the first change."""
        keeping.keep(self._places, self._dpkg)
        return self.journal.write(self._noted(record), phase=Phase.INSTALLING)

    def _noted(self, record: Record) -> Record:
        """How things are before the upgrade; not written yet."""
        return replace(
            record,
            previous=self._dpkg.installed().version,
            expected=self._agent.is_expected(),
            pictures=self._agent.pictures(),
            revision=self._of_database("revision", self._settings.state_folder).out.strip(),
        )

    def _install(self, record: Record) -> Record:
        self._agent.stop()
        if not self._dpkg.installed().is_whole(record.version):
            done = self._dpkg.configure()
            if not self._dpkg.installed().is_whole(record.version):
                done = self._dpkg.install(self._places.package)
            if not self._dpkg.installed().is_whole(record.version):
                reason = f"{record.version} could not be installed: {done.told}"
                return self.journal.write(record, phase=Phase.RESTORING, code="update_failed", message=reason)
        self._agent.restart_others(HUB_SERVICE)
        return self.journal.write(record, phase=Phase.WATCHING)

    def _await_package_manager(self, record: Record) -> Record:
        if record.boot_id == self._places.boot_id():
            health.tell_ready()
            if not self._dpkg.wait():
                raise HelperError("a package manager has been at work all the time")
        elif self._dpkg.installed().status != "ii":  # cut by a power loss
            self._agent.stop()
            self._dpkg.configure()
        now = self._dpkg.installed()
        if now.is_whole(record.previous):
            return self.journal.write(record, phase=Phase.FINISHED, version=now.version)
        if now.status != "ii":
            reason = f"the package manager did not finish: {PACKAGE} {now.version} is {now.status or 'not there'}"
            return self.journal.write(record, phase=Phase.RESTORING, code="update_failed", message=reason)
        return self.journal.write(record, phase=Phase.WATCHING, version=now.version)

    def _watch(self, record: Record) -> Record:
        health.tell_ready()
        record = self.journal.write(record, watches=record.watches + 1)
        if not record.expected:
            return self.journal.write(record, phase=Phase.FINISHED)
        if record.watches > MOST_WATCHES:
            wrong = f"the device started {MOST_WATCHES} times without it being seen to work"
        else:
            self._agent.start()
            noted = [record]

            def ready() -> None:
                noted[0] = self.journal.write(noted[0], ready=True)

            wrong = health.watch(self._agent, record.pictures, ready)
            record = noted[0]
        if not wrong:
            return self.journal.write(record, phase=Phase.FINISHED)
        message = f"version {record.version} does not work: {wrong}"
        return self.journal.write(record, phase=Phase.RESTORING, code="update_unhealthy", message=message)

    def _restore(self, record: Record) -> Record:
        """Back to the version before, unless that could not read what was accepted since."""
        self._agent.stop()
        now = self._of_database("revision", self._settings.state_folder).out.strip()
        if record.ready and now not in ("", record.revision):
            message = (
                f"{record.message}; it stays, because it has accepted work in a database ({now}) that version "
                f"{record.previous} cannot read"
            )
            self._agent.start()
            return self.journal.write(record, phase=Phase.FINISHED, message=message)
        logger.warning("back to version %s: %s", record.previous, record.message)
        self._dpkg.configure()
        if not self._dpkg.installed().is_whole(record.previous):
            package = keeping.rebuild(self._places, self._dpkg)
            done = self._dpkg.install(package)
            if not self._dpkg.installed().is_whole(record.previous):
                self._agent.start()
                raise HelperError(f"version {record.previous} does not come back: {done.told}")
        keeping.put_settings_back(self._places)
        database = self._put_database_back(record)
        self._agent.restart_others(HUB_SERVICE)
        self._agent.start()
        health.tell_ready()
        message = f"{record.message}; version {record.previous} is back"
        return self.journal.write(record, phase=Phase.FINISHED, message=message, database=database)

    def _put_database_back(self, record: Record) -> str:
        if not record.revision:
            return ""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(record.begun))
        done = self._of_database("restore", self._settings.state_folder, record.revision, stamp)
        if not done.fine:
            logger.error("the database is not put back: %s", done.told)
        return done.out.strip()

    def _finish(self, record: Record) -> None:
        """The outcome is durable before anything that it could be told from is gone."""
        outcome = {
            "event": record.event,
            "code": record.code,
            "message": record.message,
            "version": record.version,
            "previous": record.previous,
            "database": record.database,
            "installed": self._dpkg.installed().version,
        }
        write_durably(self._places.outcome, json.dumps(outcome).encode(), 0o644)
        logger.log(logging.ERROR if record.code else logging.INFO, "%s", record.message or f"{record.version} works")
        self._clear()
        self.journal.clear()

    def _clear(self) -> None:
        keeping.forget(self._places)
        remove(self._places.package)
        remove(self._places.previous_package)

    def _of_database(self, *arguments: str | Path) -> Done:
        """Runs the program for the database, as the one to whom it belongs."""
        try:
            found = self._settings.state_folder.stat()
        except OSError:
            return Done(0, "")
        program = (sys.executable, "-I", "-B", _DATABASE)
        return run((*program, *arguments), _DATABASE_WITHIN, owner=(found.st_uid, found.st_gid))
