"""What links have in common that are processes: they are fed through a pipe and tell in lines how far they are."""

from abc import abstractmethod

from hardware.sinks.streams.childprocess import ChildProcess
from hardware.sinks.streams.link import Link, LinkLost


class ProcessLink(Link):
    """`_given` pictures went to the process, `_sent` of them are through; `_complaint` is its last word of trouble."""

    def __init__(self, process: ChildProcess) -> None:
        self._process = process
        self._given = 0
        self._sent = 0
        self._complaint = ""

    def sent(self) -> int:
        """See `Link`. What the process complained of is the reason of its end."""
        self._process.flush()
        try:
            for line in self._process.lines():
                self._note(line)
        except LinkLost as lost:
            raise LinkLost(self._complaint or str(lost)) from lost
        return self._sent

    def wait(self, seconds: float) -> None:
        """See `Link`."""
        self._process.wait(seconds)

    def close(self, seconds: float) -> int:
        """See `Link`."""
        for line in self._process.close(seconds):
            self._note(line)
        return self._sent

    @abstractmethod
    def _note(self, line: str) -> None:
        """A line that the process wrote."""
