"""A running program that films into a pipe: watched, and never left behind."""

import contextlib
import fcntl
import os
import select
import subprocess
from collections.abc import Sequence

_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
"""The program gets SIGTERM when the thread that started it ends, however that ends."""

_READ_BYTES = 1 << 18
_PIPE_BYTES = 1 << 20
"""So much may wait for us before the program does."""

_TIMES_BYTES = 4096
_COMPLAINT_BYTES = 4096
_COMPLAINT_LINES = 3
_END_SECONDS = 0.5


class FilmProgram:
    """One run of `command`. Raises OSError when it cannot be started.

    `times`: it is told to write them into a second pipe.
    """

    def __init__(self, command: Sequence[str], *, times: bool) -> None:
        self._name = command[0].rpartition("/")[2]
        times_in, times_out = os.pipe()
        self._times = open(times_in, "rb", buffering=0)  # noqa: PTH123, SIM115 - a descriptor, closed by `stop`
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the settings name it, no shell reads it
                [*_WITH_PARENT, *command, *([f"--save-pts=/dev/fd/{times_out}"] if times else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(times_out,),
                bufsize=0,
            )
        except OSError:
            self._times.close()
            raise
        finally:
            os.close(times_out)
        if self._process.stdout is None or self._process.stderr is None:
            raise OSError("no pipes")
        self._film, self._complaints = self._process.stdout, self._process.stderr
        self._open = [self._film, self._complaints, self._times]
        self._said = self._told = b""
        for pipe in self._open:
            os.set_blocking(pipe.fileno(), False)
        with contextlib.suppress(OSError):  # an unprivileged user may have no more pipe memory
            fcntl.fcntl(self._film, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def read(self, timeout: float) -> bytes | None:
        """What it wrote, None when that is nothing within `timeout` seconds. Raises EOFError when it has ended."""
        ready, _, _ = select.select(self._open, [], [], timeout)
        if self._complaints in ready and not self._listen():
            self._open.remove(self._complaints)
        if self._times in ready:
            told = self._times.read(_TIMES_BYTES) or b""
            self._told += told
            if not told:
                self._open.remove(self._times)
        if self._film not in ready:
            return None
        data = self._film.read(_READ_BYTES)
        if data == b"":
            raise EOFError(self._epitaph())
        return data

    def take_times(self) -> bytes:
        """What `read` found in the pipe of the times since the last call."""
        told, self._told = self._told, b""
        return told

    def stop(self) -> None:
        """Ends it, by force if it must be, and reaps it."""
        self._film.close()
        self._times.close()
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()

    def _listen(self) -> bool:
        """Keeps the end of what it says; False when it will say no more."""
        heard = self._complaints.read(_COMPLAINT_BYTES)
        self._said = (self._said + (heard or b""))[-_COMPLAINT_BYTES:]
        return heard != b""

    def _epitaph(self) -> str:
        """How it ended, with its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._listen()
        lines = [line.strip() for line in self._said.decode(errors="replace").splitlines() if line.strip()]
        words = "; ".join(lines[-_COMPLAINT_LINES:])
        status = self._process.poll()
        how = "closed its output" if status is None else f"ended with status {status}"
        return f"{self._name} {how}: {words}" if words else f"{self._name} {how}"
