"""Starts a camera host process. Light enough to be called before anything else is imported.

The host loads its libraries while the agent loads its own. Until a `CameraClient` takes it over it has no camera.
"""

import contextlib
import os
import signal
import socket

from hardware.launch import HOST_MODULE, child_environment, module_command

_NULL_AS_INPUT = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
_HOST_FD = 3


class Prespawned:
    """A host process that has no camera yet, a child of this process.

    `fd` is the near end of its socket, `pidfd` tells (by being readable) when it is dead. Both and the duty to reap it
    are the holder's; without a holder the host ends with this process.
    """

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd
        self.pidfd = os.pidfd_open(pid)

    def kill(self) -> None:
        """SIGKILL, which also ends a stopped process; harmless when it is dead."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def reap(self) -> int:
        """Waits until it is dead; its exit status, negative for a signal. Once only: it releases `pidfd`."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        return os.waitstatus_to_exitcode(status)

    def discard(self) -> None:
        """Ends a host that nobody needs; instead of taking it over."""
        os.close(self.fd)
        self.kill()
        self.reap()


def prespawn() -> Prespawned:
    """Starts a host. It gets one end of a socket pair, standard output and error. Raises OSError.

    To be called by the main thread: the host ends with the thread that started it.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = module_command(HOST_MODULE, "--fd", str(_HOST_FD))
        pid = os.posix_spawn(
            command[0],
            command,
            child_environment(),
            file_actions=[_NULL_AS_INPUT, (os.POSIX_SPAWN_DUP2, theirs.fileno(), _HOST_FD)],
        )
        return Prespawned(pid, ours.detach())
