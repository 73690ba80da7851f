"""What a machine writes to its serial line, each line with the time of this machine's clock."""

import subprocess
import threading
import time
from pathlib import Path


class Console:
    """Collects the lines of one QEMU process after the other, and keeps them in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[tuple[float, str]] = []
        self._news = threading.Condition()
        self._reader: threading.Thread | None = None
        self._ended = False

    def follow(self, process: "subprocess.Popen[bytes]") -> None:
        self._ended = False
        self._reader = threading.Thread(target=self._read, args=(process,), name="console", daemon=True)
        self._reader.start()

    def finish(self) -> None:
        """After the process ended: its last lines are in."""
        if self._reader:
            self._reader.join(10)

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout
        with process.stdout as lines, self.path.open("a") as file:
            for raw in lines:
                line = raw.decode(errors="replace").rstrip("\r\n")
                now = time.monotonic()
                file.write(f"{now:.3f} {line}\n")
                file.flush()
                with self._news:
                    self.lines.append((now, line))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait(self, text: str, since: float, seconds: float) -> float | None:
        """When the first line since then with the text came, by `time.monotonic()`; None: not in time."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._news:
            while True:
                for at, line in self.lines[seen:]:
                    if at >= since and text in line:
                        return at
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    return None
                self._news.wait(left)

    def said(self, text: str, since: float) -> str:
        """The first line since then with the text; "": none."""
        with self._news:
            return next((line for at, line in self.lines if at >= since and text in line), "")

    def since(self, moment: float) -> str:
        """What came since then."""
        with self._news:
            return "\n".join(line for at, line in self.lines if at >= moment)

    def tail(self, count: int = 40) -> str:
        with self._news:
            return "\n".join(line for _, line in self.lines[-count:])
