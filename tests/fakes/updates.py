"""A device of the tests' own for updates: real dpkg on a root of its own, tiny packages; systemd is played."""

import atexit
import base64
import hashlib
import json
import os
import shutil
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fakes.agent_process import ROOT

HELPER = ROOT / "packaging" / "helper"

WORKS, DIES, MIGRATES, MIGRATES_AND_DIES, BLIND = "works", "dies", "migrates", "migrates dies", "blind"
"""How the agent of a package behaves when systemd starts it."""

SYSTEMCTL = """#!/bin/sh
root={root}
echo "$*" >>$root/systemctl.log
how=$(cat $root/opt/cuelight/behaviour)
case $1 in
  is-active | is-enabled) [ ! -e $root/disabled ] ;;
  stop) rm -f $root/started ;;
  start)
    touch $root/started
    echo 0 >$root/restarts
    case $how in migrates*) {python} -I -c '{migrate}' $root/var/lib/cuelight ;; esac
    ;;
  show)
    read -r restarts <$root/restarts
    case $how in *dies) ready=activating restarts=$((restarts + 1)) ;; *) ready=active ;; esac
    echo $restarts >$root/restarts
    printf 'ActiveState=%s\\nInvocationID=run\\nNRestarts=%s\\n' $ready $restarts
    ;;
esac
"""
MIGRATE = """
import pathlib, shutil, sqlite3, sys
folder = pathlib.Path(sys.argv[1])
(folder / "backups").mkdir(exist_ok=True)
shutil.copy(folder / "cuelight.db", folder / "backups/cuelight-0006.db")
connection = sqlite3.connect(folder / "cuelight.db")
connection.execute("UPDATE alembic_version SET version_num = 7")
connection.commit()
connection.close()
"""

PROGRAM = """
import os, signal, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from cuelight_helper import health, journal, main
health.READY_WITHIN, health.STAYS, health.LOOK_EVERY, health.PICTURE_WITHIN = float(sys.argv[3]), 0.0, 0.01, 2.0
left, write = int(sys.argv[2]), journal.write_durably
os.sync = lambda: None  # of the whole machine
if sys.argv[4]:
    open(sys.argv[4], "w").write(str(os.getpid()))

def written(*arguments):
    global left
    write(*arguments)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

journal.write_durably = written
sys.exit(main.main(sys.argv[5:]))
"""


KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
FIRST = "cuelight-1.0-works.deb"


class UpdatedDevice:
    """`root` stands for `/`. Version 1.0 is installed and runs."""

    def __init__(self, folder: Path, made: Path | None = None) -> None:
        """`made`: the folder of one as it is at first, to be copied."""
        self.folder = folder
        self.root = folder / "root"
        self.state = self.root / "var/lib/cuelight"
        self.helper_folder = self.root / "var/lib/cuelight-update"
        self.key = KEY
        programs = folder / "programs"
        programs.mkdir()
        script = SYSTEMCTL.format(python=sys.executable, root=self.root, migrate=MIGRATE)
        (programs / "systemctl").write_text(script)
        (programs / "systemctl").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"}
        if made is None:
            self._make()
        else:
            shutil.copytree(made / "root", self.root, symlinks=True)
            shutil.copy(made / FIRST, folder / FIRST)

    def _make(self) -> None:
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "run/systemd/system", "etc/cuelight", "opt"):
            (self.root / name).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        (self.state / "update").mkdir(parents=True)
        self.settings()
        self.make_database("0006")
        self.dpkg("--install", str(self.package("1.0")))

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def settings(self, **update: object) -> None:
        """The settings file, with `[update]` of the maker's key unless told otherwise."""
        members = {"public_key": self.public_key, **update}
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in members.items())
        file = self.root / "etc/cuelight/cuelight.toml"
        file.write_text(f'state_folder = "/var/lib/cuelight"\n[update]\n{lines}')
        file.chmod(0o640)

    def package(
        self,
        version: str,
        behaviour: str = WORKS,
        *,
        name: str = "cuelight",
        architecture: str = "all",
        files: Mapping[str, str] | None = None,
        scripts: Mapping[str, str] | None = None,
        size: int = 10,
    ) -> Path:
        """A package that brings its version, how its agent behaves, and a configuration file."""
        tree = self.folder / f"{name}-{version}-{behaviour.replace(' ', '-')}"
        contents = {
            "opt/cuelight/version": version,
            "opt/cuelight/behaviour": behaviour,
            "etc/cuelight/hub.toml": f"# of {version}\n",
            **(files or {}),
        }
        for path, text in contents.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        control = tree / "DEBIAN"
        control.mkdir(exist_ok=True)
        (control / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: t <t@t.invalid>\n"
            f"Installed-Size: {size}\nDescription: a test\n of updates\n"
        )
        (control / "conffiles").write_text("/etc/cuelight/hub.toml\n")
        for script, text in (scripts or {}).items():
            (control / script).write_text(f"#!/bin/sh\nset -e\n{text}\n")
            (control / script).chmod(0o755)
        file = self.folder / f"{tree.name}.deb"
        self._run("dpkg-deb", "-Znone", "--root-owner-group", "--build", str(tree), str(file))
        return file

    def dpkg(self, *arguments: str) -> None:
        options = ("--force-not-root", "--force-script-chrootless", "--force-confold")
        self._run("dpkg", f"--root={self.root}", *options, *arguments)

    def sign(self, file: Path, version: str, *, key: Ed25519PrivateKey | None = None, architecture: str = "") -> str:
        text = f"cuelight-package-v1\n{version}\n{architecture or native()}\n{digest_of(file)}\n"
        return base64.b64encode((key or self.key).sign(text.encode())).decode()

    def ask(self, file: Path, version: str, /, **changes: Any) -> None:
        """What the agent does: the package, then the request."""
        (self.state / "update/package.deb").write_bytes(file.read_bytes())
        request = {
            "event": "01-event",
            "version": version,
            "sha256": digest_of(file),
            "signature": self.sign(file, version),
            **changes,
        }
        (self.state / "update/request.json").write_text(json.dumps(request))

    def run(
        self, command: str, *, kill_after: int = 0, ready_within: float = 20.0, pid_file: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One run of the helper; `kill_after`: so many writes of its journal. `pid_file` gets its process id."""
        settings = (str(kill_after), str(ready_within), str(pid_file or ""))
        arguments = (str(HELPER), *settings, "--root", str(self.root), command)
        return subprocess.run(
            (sys.executable, "-I", "-c", PROGRAM, *arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def cameras(self, *names: str) -> Iterator[None]:
        """An agent's socket, where each camera gives a picture unless the version that is installed is blind."""
        behaviour = self.root / "opt/cuelight/behaviour"

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = b"\xff\xd8 a picture \xff\xd9"
                if self.path == "/v1/status":
                    body = json.dumps({"cameras": [{"cameraID": name} for name in names]}).encode()
                self.send_response(500 if behaviour.read_text() == BLIND and "snapshot" in self.path else 200)
                self.end_headers()
                self.wfile.write(body)

            def address_string(self) -> str:
                return "the socket"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
                pass

        with socketserver.ThreadingUnixStreamServer(str(self.state / "api.sock"), Answers) as server:
            serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            serving.start()
            yield
            server.shutdown()
            serving.join()

    @property
    def installed(self) -> str:
        """Version and status as dpkg has them; it fails when the files are of another version."""
        shown = "${Version} ${db:Status-Abbrev}"
        database = f"--admindir={self.root}/var/lib/dpkg"
        told = self._run("dpkg-query", database, "-W", "-f", shown, "cuelight").strip()
        version = (self.root / "opt/cuelight/version").read_text()
        assert told.startswith(version), (told, version)
        return told

    @property
    def outcome(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.helper_folder / "outcome.json").read_text())
        return found

    @property
    def calls(self) -> list[str]:
        """What systemctl was asked."""
        log = self.root / "systemctl.log"
        return log.read_text().splitlines() if log.exists() else []

    def make_database(self, revision: str, file: str = "cuelight.db", note: str = "") -> None:
        connection = sqlite3.connect(self.state / file)
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        connection.execute("CREATE TABLE notes (note TEXT)")
        connection.execute("INSERT INTO notes VALUES (?)", (note,))
        connection.commit()
        connection.close()

    def revision(self, file: str = "cuelight.db") -> str:
        connection = sqlite3.connect(self.state / file)
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        connection.close()
        return str(found)

    def assert_cleared(self) -> None:
        """Nothing of an update is left but its outcome."""
        left = sorted(path.name for path in self.helper_folder.iterdir())
        assert [name for name in left if name not in ("lock", "outcome.json", "shims")] == []
        assert not (self.root / "opt/cuelight-previous").exists()
        assert list((self.state / "update").iterdir()) == []

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment)
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
        return done.stdout


@cache
def fresh() -> Path:
    """A device as it is at first, made once for each process of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="updated-device-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    UpdatedDevice(folder)
    return folder


def updated_device(folder: Path) -> UpdatedDevice:
    """A device of its own in `folder`."""
    return UpdatedDevice(folder, fresh())


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def native() -> str:
    """The architecture of this machine, as packages name it."""
    asked = ("dpkg", "--print-architecture")
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
