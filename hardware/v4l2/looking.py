"""Looks at video nodes, none of which may keep us from the others: a driver that hangs is left alone."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from hardware.errors import CameraUnavailable, HardwareError
from hardware.v4l2.device import Node, examine
from hardware.v4l2.system import System

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How long a driver may take to tell what its node is."""

HANGING = "its driver does not answer"

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Survey:
    """All nodes of the machine: the cameras, and why other nodes could not be looked at."""

    cameras: tuple[Node, ...]
    failures: tuple[HardwareError, ...]


class _Look(Generic[Answer_co]):
    """A question to a driver, in a thread that is left behind when it hangs and ends with the process."""

    def __init__(self, ask: Callable[[], Answer_co]) -> None:
        self._ask = ask
        self._answer: Answer_co
        self._failure: Exception | None = None
        self._over = threading.Event()
        threading.Thread(target=self._run, name="look", daemon=True).start()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def answer(self, timeout: float) -> Answer_co:
        """Raises TimeoutError after so many seconds, else what the question raised."""
        if not self._over.wait(timeout):
            raise TimeoutError
        if self._failure is not None:
            raise self._failure
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except Exception as error:  # noqa: BLE001  # boundary: this thread; whoever asked gets it
            self._failure = error
        finally:
            self._over.set()


class Looker:
    """Asks drivers, each for `patience` seconds at most, and one that hangs not again before that is over."""

    def __init__(self, system: System, patience: float = LOOK_SECONDS) -> None:
        self._system = system
        self._patience = patience
        self._hanging: dict[str, _Look[object]] = {}

    @property
    def complaints(self) -> tuple[str, ...]:
        """Sentences about the nodes that hang now."""
        return tuple(str(_hangs(path)) for path, look in self._hanging.items() if not look.over)

    def survey(self) -> Survey:
        """Looks at every video node. Never raises: a node that fails or hangs is reported in `failures`."""
        cameras: list[Node] = []
        failures: list[HardwareError] = []
        for path in self._system.nodes():
            try:
                node = self.ask(path, partial(examine, self._system, path))
            except HardwareError as error:
                failures.append(error)
                continue
            if node is not None:
                cameras.append(node)
        return Survey(tuple(cameras), tuple(failures))

    def ask(self, path: str, question: Callable[[], Answer]) -> Answer:
        """What `question` about the node at `path` answers. Raises what it raises, CameraUnavailable when it hangs."""
        if path in self._hanging and not self._hanging[path].over:
            raise _hangs(path)
        self._hanging.pop(path, None)
        look = _Look(question)
        try:
            return look.answer(self._patience)
        except TimeoutError:
            self._hanging[path] = look
            log.warning("%s; it is passed over", _hangs(path))
            raise _hangs(path) from None


def _hangs(path: str) -> CameraUnavailable:
    return CameraUnavailable(camera=path, reason=HANGING)
