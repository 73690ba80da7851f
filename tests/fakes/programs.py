"""Other people's programs as the far end: started, held, killed and started again on the same port."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

_START_SECONDS = 10.0


def free_port() -> int:
    """A TCP port of the loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """One program with its output in `folder/<name>.log`. `ready` tells when it can be used."""

    def __init__(self, folder: Path, name: str, command: Sequence[str], ready: Callable[[], bool]) -> None:
        self._log = folder / f"{name}.log"
        self._folder = folder
        self._command = list(command)
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Starts it, also again, and waits until it is ready."""
        self.kill()
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._process = process
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            assert process.poll() is None, f"{self._command[0]} ended: {self.log()}"
            assert time.monotonic() < deadline, f"{self._command[0]} is not ready: {self.log()}"
            time.sleep(0.02)
        return self

    restart = start

    def pause(self) -> None:
        """It keeps its connections and does nothing any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; harmless when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
