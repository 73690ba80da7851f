"""A real PostgreSQL server from Debian's packages, in a folder of its own, reached through a Unix socket only."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

_START_SECONDS = 30
_ROOM = 4 << 30
_END = "-- that was all --"
_TUNING = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=80", "deadlock_timeout=50ms")


def _binaries() -> Path:
    """The newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail("no PostgreSQL server is installed: install the Debian package `postgresql`")
    return found[-1].parent


class PostgresServer:
    """A running server; `database()` gives the URL of a new, empty database."""

    def __init__(self, folder: Path, tuning: Sequence[str] = _TUNING) -> None:
        self._binaries = _binaries()
        self._folder = folder
        self._psql: subprocess.Popen[str] | None = None
        # The server refuses to run as root; the package brings this account.
        self._user = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._run("initdb", "-D", "data", "-U", "cuelight", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        settings = [word for setting in tuning for word in ("-c", setting)]
        command = [str(self._binaries / "postgres"), "-D", "data", "-k", str(folder), *settings]
        with (folder / "log").open("wb") as log:
            self._server = subprocess.Popen(command, cwd=folder, user=self._user, stdout=log, stderr=log)
        self._wait()

    def database(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of `template`."""
        name = f"t{uuid4().hex}"
        self.sql("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    @contextmanager
    def lent(self, template: str = "template0") -> Iterator[str]:
        """As `database`, for the time of one test: thousands of them would take minutes to remove in the end."""
        url = self.database(template)
        yield url
        self.sql("postgres", f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def url(self, name: str) -> str:
        # The server asks for no password; without one in the URL asyncpg would look for ~/.pgpass from the event loop.
        return f"postgresql://cuelight:unused@/{name}?host={self._folder}"

    def sql(self, database: str, statement: str) -> str:
        """What psql prints."""
        if database == "postgres":  # of which there are thousands: a program for each would cost more than they do
            return self._said(statement)
        return self._run("psql", *self._place(database), "-c", statement)

    def _place(self, database: str) -> tuple[str, ...]:
        return ("-h", str(self._folder), "-U", "cuelight", "-d", database, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1")

    def _said(self, statement: str) -> str:
        """What the one psql that goes on prints."""
        if self._psql is None or self._psql.poll() is not None:
            self._psql = subprocess.Popen(
                [str(self._binaries / "psql"), *self._place("postgres"), "-q"],
                cwd=self._folder,
                user=self._user,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                bufsize=1,
            )
        assert self._psql.stdin is not None
        assert self._psql.stdout is not None
        self._psql.stdin.write(f"{statement};\n\\echo {_END}\n")
        lines: list[str] = []
        for line in self._psql.stdout:
            if line.rstrip() == _END:
                return "".join(lines).strip()
            lines.append(line)
        pytest.fail(f"psql failed: {''.join(lines).strip()}")

    def stop(self) -> None:
        if self._psql is not None:
            self._psql.communicate()
        self._server.terminate()  # SIGTERM waits for clients to go
        try:
            self._server.wait(1)
        except subprocess.TimeoutExpired:
            self._server.send_signal(3)  # SIGQUIT does not
            self._server.wait(_START_SECONDS)

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(command, cwd=self._folder, user=self._user, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"{program} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not (self._folder / ".s.PGSQL.5432").exists():
            if self._server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start: {(self._folder / 'log').read_text()}")
            time.sleep(0.02)
        while "ready to accept" not in (self._folder / "log").read_text():
            time.sleep(0.02)


def _place() -> Path | None:
    """In memory where there is room: nothing of it is to last. None: the usual place of temporary files."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free >= _ROOM else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run."""
    folder = Path(tempfile.mkdtemp(prefix="cuelight-postgres-", dir=_place()))
    try:
        server = PostgresServer(folder)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    with postgres_server.lent() as url:
        yield url
